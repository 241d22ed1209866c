#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/error.h"
#include "ipc/client/cpp/client.h"
#include "ipc/client/tillctl/language.h"
#include "ipc/contract/messages.h"

// What a person reads of devices, operations, devd and lines; of setting up: admin.h. Results end
// with a line end unless they say otherwise.
namespace tillhost::tillctl {

// --- devices (texts_devices.cpp)

std::string devices_text(Language language, const std::vector<contract::Device>& devices);
std::string device_text(Language language, const contract::Device& device);
/// How the device stands that an operation waits for.
std::string waits_for_text(Language language, const contract::Device& device);
/// When an operation that waits is given up.
std::string start_limit_text(Language language, std::int64_t seconds);
/// In one word, without a line end.
std::string_view state_text(Language language, contract::DeviceState state);
std::string_view state_text(Language language, contract::OperationState state);
/// Said when a watch has begun.
std::string_view watching_text(Language language);
/// One event as one line.
std::string event_text(Language language, const client::TopicEvent& event);

// --- what a device says of itself (texts_answers.cpp)

/// The answer to any question.
std::string answer_text(Language language, const contract::ClassStatus& answer);
/// Of a status only the clock.
std::string clock_text(Language language, const contract::ClassStatus& answer);
/// What became of the check of a marking code, without a line end.
std::string marking_text(Language language, const contract::MarkingResult& result);

/// Something that a device which works wants of a person, in one line without a line end.
struct Wish {
    std::string text;
    bool stops = false;  ///< no document can be made until it is done
};
std::vector<Wish> wishes_of(Language language, const contract::ClassStatus& status);

// --- operations (texts_operations.cpp)

std::string operations_text(Language language, const contract::OperationsReply& reply);
/// One operation: what came of it, what that means, and what to do now.
std::string operation_text(Language language, const contract::Operation& operation);
// --- money at a terminal, and sales (texts_payments.cpp)

/// What stands of a document, with the paper's side of it where paper is expected.
std::string fiscal_text(Language language, const contract::FiscalResult& result, bool prints);
std::string payment_text(Language language, const contract::PaymentResult& result);
std::string day_text(Language language, const contract::EndOfDayResult& day);
std::string transaction_text(Language language, const contract::LastTransaction& last);
std::string terminal_text(Language language, const contract::TerminalStatus& status);
std::string sale_text(Language language, const contract::SaleResult& sale);
/// A terminal's slip that did not come out, and why.
struct LostPaper {
    std::string printer;
    std::string terminal;
    base::Error reason;
};
/// What to do about it; empty if nothing was lost.
std::string lost_paper_text(Language language, const std::optional<LostPaper>& lost);
std::string receipts_text(Language language, const std::vector<contract::TerminalReceipt>& all);
/// What is to be done about a terminal's operation, or a sale, that is not done; empty: what holds
/// for all operations.
std::string payment_advice(Language language, const contract::Operation& operation);
/// What a list shows of it: the amount, or how far a sale is.
std::string payment_outcome(Language language, const contract::Operation& operation);
/// What a terminal asks of the customer, as one line.
std::string prompt_text(Language language, const contract::Prompt& prompt);
/// How far a sale is, as one line.
std::string stage_line(Language language, contract::SaleStage stage);
/// A person wants to wait no longer.
std::string interrupted_text(Language language, const base::OperationId& id);
/// A terminal was asked to break this off.
std::string breaking_off_text(Language language, const base::OperationId& id);

// --- operations, continued

/// Said before anything is sent.
std::string handing_over_text(Language language, const base::OperationId& id);
/// The outcome of what was handed over under this id is not known.
std::string ask_again_text(Language language, const base::OperationId& id);
std::string not_acknowledged_text(Language language, const base::OperationId& id,
                                  const base::Error& error);
/// The result could not be told, and is kept by devd.
std::string not_written_text(Language language, const base::OperationId& id);

// --- errors (texts_errors.cpp)

/// What was seen and what to do, under the name of the program.
std::string error_text(Language language, const base::Error& error);
/// The same with that advice instead of the catalogue's for the code.
std::string error_text(Language language, const base::Error& error, std::string_view advice);
/// The same in one line, without a line end.
std::string error_line(Language language, const base::Error& error);

// --- devd itself (texts_service.cpp)

std::string health_text(Language language, const contract::HealthReply& health);
/// What a cause means and what to do, without a line end.
std::string_view cause_text(Language language, contract::HealthCause cause);
std::string backup_text(Language language, const contract::BackupReply& copied);

// --- devices that several share (texts_sharing.cpp)

std::string lease_text(Language language, const contract::Lease& lease);
/// One line.
std::string audit_text(Language language, const contract::AuditRecord& record);

// --- lines and frames (texts_frames.cpp)

/// The table of a frame's fields: its heading, and one row. A byte `hidden` is shown as **.
std::string field_heading(Language language);
std::string field_text(std::size_t offset, base::ByteView bytes, std::string_view name,
                       std::string_view value, std::optional<std::byte> hidden = {});
std::string unknown_family_text(Language language, std::string_view family,
                                const std::vector<std::string>& known);
/// Answer to record.
std::string recording_text(Language language, const contract::RecordingStatus& status);
/// What a recording is of: its driver, when it began, how it ended.
std::string recording_heading(Language language, std::string_view driver, std::string_view started,
                              bool full);
/// One call of the line: when, what ("host", "device", "connect"), and how it ended.
std::string call_text(std::string_view seconds, std::string_view what, std::string_view outcome);
std::string no_decoder_text(Language language, std::string_view driver);

}  // namespace tillhost::tillctl
