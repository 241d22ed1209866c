#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "hal/base/bytes.h"
#include "hal/base/ids.h"
#include "hal/os/clock.h"
#include "ipc/client/cpp/client.h"
#include "ipc/client/tillctl/access.h"
#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/dongle.h"
#include "ipc/client/tillctl/licence.h"
#include "ipc/contract/messages.h"

namespace tillhost::tillctl {

/// Exit statuses; scripts rely on them.
enum class Exit : int {
    done = 0,
    failed = 1,
    usage = 2,     ///< wrong command line, or a wrong field in a file given on it
    in_doubt = 3,  ///< the outcome is not known (yet): ask again by the id, sell nothing else
    no_daemon = 4,
};

/// How a document is handed over, whatever it is.
struct HandOver {
    std::string device;
    base::OperationId operation_id;  ///< nil: a new one is made
    std::string sale_ref;
    bool force = false;
};

struct DevicesVerb {};
struct StatusVerb {
    std::string device;
    bool ask = false;  ///< the device itself
};
struct SubmitVerb {
    HandOver how;
    contract::Command command;
};
struct ReceiptVerb {
    HandOver how;
    std::string path;
};
/// A sale of several steps; what is named here holds over the file.
struct SellVerb {
    HandOver how;
    std::string path;  ///< of a sale or of a receipt
    std::string registrar;
    std::string substitute;
    std::string terminal;
    std::string printer;
    std::string drawer;
    bool open_drawer = false;
};
/// How long a payment or refund waits for its terminal unless told otherwise: as long as devd gives
/// that of a sale. Then the customer has gone, and it is not begun any more.
inline constexpr std::int64_t kStartWithinS = 60;
inline constexpr std::int64_t kStartWithinMaxS = 3600;

/// What is done with money at a terminal.
enum class OnCard : std::uint8_t { charge, pay_back, take_back };
struct PayVerb {
    HandOver how;
    OnCard what = OnCard::charge;
    std::string amount;    ///< as it was typed; empty: that of the payment `of`
    std::string currency;  ///< empty: the terminal's own
    base::OperationId of;  ///< the payment that is taken back; nil: its numbers are given here
    std::int64_t start_within_s = kStartWithinS;  ///< a reversal, which needs no customer, has none
    contract::Reverse numbers;
};
/// Breaks off what a terminal is doing.
struct AbortVerb {
    std::string what;  ///< id of an operation, or of a terminal
};
struct PrintDocumentVerb {
    HandOver how;
    std::string path;
};
struct CorrectionVerb {
    HandOver how;
    std::string path;  ///< of the receipt that should have been registered
    contract::CorrectionBasis basis = contract::CorrectionBasis::unspecified;
    std::string date;
    std::string number;
};
/// Which part of an answer a person wants to see.
enum class Show : std::uint8_t { all, clock };
struct QueryVerb {
    std::string device;
    contract::Query query;
    Show show = Show::all;
    std::string receipt_path;  ///< of the file that a receipt_check is about
};
struct OperationsVerb {
    contract::OperationsRequest request;
};
/// What is done with one operation.
enum class OnOperation : std::uint8_t { show, resolve, cancel, settle, acknowledge };
struct OperationVerb {
    OnOperation what = OnOperation::show;
    base::OperationId operation_id;
    std::string device{};
};
struct DecideVerb {
    client::Client::Decision decision;
    // Of a terminal's operation, as they were typed.
    std::string amount;
    std::string amount_again;
};
/// What devd says unasked.
struct WatchVerb {
    std::string device;      ///< empty: all devices, and the alarms
    std::int64_t count = 0;  ///< ends after so many events; 0 = never
};
struct HealthVerb {};
struct MetricsVerb {};
struct BackupVerb {
    std::string path;  ///< absolute; devd writes it
};
/// Who has a device for himself.
struct LeaseVerb {
    std::string device;
    bool hold = false;  ///< take it, and keep it until interrupted
    bool wait = false;
    bool takeover = false;
    std::int64_t for_s = 0;  ///< give it back after so many seconds; 0 = never
    std::string note;
    std::string end;  ///< why another's lease is ended; empty: it is not
};
enum class OnAudit : std::uint8_t { show, export_all, verify };
struct AuditVerb {
    OnAudit what = OnAudit::show;
    std::int64_t count = 20;
    std::string path;  ///< of an exported file; empty: devd's
};
struct DecodeVerb {
    std::string family;
    base::Bytes bytes;
    std::string from;  ///< host or device; empty: to be guessed frame by frame
};
/// Begins or ends the recording of a device's line.
struct RecordVerb {
    std::string device;
    std::string path;  ///< empty: ends it
};
struct ReplayVerb {
    std::string path;
};

using Verb =
    std::variant<DevicesVerb, StatusVerb, QueryVerb, SubmitVerb, ReceiptVerb, CorrectionVerb,
                 SellVerb, PayVerb, AbortVerb, PrintDocumentVerb, OperationsVerb, OperationVerb,
                 DecideVerb, HealthVerb, MetricsVerb, BackupVerb, WatchVerb, LeaseVerb, AuditVerb,
                 DecodeVerb, RecordVerb, ReplayVerb, AdminVerb, AccessVerb, PairWithVerb,
                 RollKeyVerb, LicenceVerb, DongleVerb>;

/// How long an outcome is waited for unless --timeout says otherwise, and where a customer is
/// asked: longer than devd gives a payment and a registration together.
inline constexpr os::Duration kTimeout = std::chrono::seconds(60);
inline constexpr os::Duration kCustomerTimeout = std::chrono::minutes(10);

/// One command line, understood.
struct Invocation {
    bool json = false;
    Language language = Language::english;
    std::string endpoint;  ///< empty: client::default_endpoint(), or licd's
    std::string host;      ///< of client::ClientOptions; empty: this machine's devd
    os::Duration timeout = kTimeout;
    Verb verb;
};

}  // namespace tillhost::tillctl
