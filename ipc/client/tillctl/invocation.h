#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "hal/base/bytes.h"
#include "hal/base/ids.h"
#include "hal/os/clock.h"
#include "ipc/client/cpp/client.h"
#include "ipc/client/tillctl/admin.h"
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
};
struct OperationsVerb {
    contract::OperationsRequest request;
};
/// What is done with one operation.
enum class OnOperation : std::uint8_t { show, resolve, cancel, settle, acknowledge };
struct OperationVerb {
    OnOperation what = OnOperation::show;
    base::OperationId operation_id;
};
struct DecideVerb {
    client::Client::Decision decision;
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
                 OperationsVerb, OperationVerb, DecideVerb, HealthVerb, MetricsVerb, BackupVerb,
                 WatchVerb, DecodeVerb, RecordVerb, ReplayVerb, AdminVerb>;

/// One command line, understood.
struct Invocation {
    bool json = false;
    Language language = Language::english;
    std::string endpoint;  ///< empty: client::default_endpoint()
    os::Duration timeout = std::chrono::seconds(60);
    Verb verb;
};

}  // namespace tillhost::tillctl
