#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/error.h"
#include "ipc/client/cpp/client.h"
#include "ipc/contract/messages.h"

// Every sentence that a person reads in tillctl, and nothing else; another language is another
// source file for this header. Results end with a line end.
namespace tillhost::tillctl {

/// Help on a verb ("receipt"), an option ("json", "status.ask") or examples ("receipt.examples");
/// empty if there is none.
std::string_view help_of(std::string_view key);

std::string devices_text(const std::vector<contract::Device>& devices);
std::string device_text(const contract::Device& device);
std::string status_text(const contract::ClassStatus& status);
std::string operations_text(const contract::OperationsReply& reply);
/// One operation: what came of it, what that means, and what to do now.
std::string operation_text(const contract::Operation& operation);

/// Said when a watch has begun.
std::string watching_text();
/// One event as one line.
std::string state_text(contract::DeviceState state);
std::string state_text(contract::OperationState state);
std::string event_text(const client::TopicEvent& event);
std::string health_text(const contract::HealthReply& health);
std::string backup_text(const contract::BackupReply& copied);

/// Said before anything is sent.
std::string handing_over_text(const base::OperationId& id);
std::string error_text(const base::Error& error);
/// The outcome of what was handed over under this id is not known.
std::string ask_again_text(const base::OperationId& id);
std::string not_acknowledged_text(const base::OperationId& id, const base::Error& error);

/// The table of a frame's fields: its heading, and one row.
std::string field_heading();
std::string field_text(std::size_t offset, base::ByteView bytes, std::string_view name,
                       std::string_view value);
std::string unknown_family_text(std::string_view family, const std::vector<std::string>& known);

/// Answer to record (texts_recording.cpp, with all below).
std::string recording_text(const contract::RecordingStatus& status);
/// What a recording is of: its driver, when it began, how it ended.
std::string recording_heading(std::string_view driver, std::string_view started, bool full);
/// One call of the line: when, what ("host", "device", "connect"), and how it ended.
std::string call_text(std::string_view seconds, std::string_view what, std::string_view outcome);
std::string no_decoder_text(std::string_view driver);

}  // namespace tillhost::tillctl
