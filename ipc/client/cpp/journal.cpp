#include "ipc/client/cpp/journal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::client {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr unsigned kMode = 0600;  // receipts name customers

}  // namespace

base::Result<std::unique_ptr<Journal>> Journal::open(std::string path) {
    auto lock = TRY(os::FileLock::take(path + ".lock"));
    std::unique_ptr<Journal> journal(new Journal(std::move(path), std::move(lock)));
    journal->kept_.version = kFormat;
    if (::access(journal->path_.c_str(), F_OK) != 0) {
        return journal;
    }
    const base::Bytes bytes = TRY(os::read_file(journal->path_, kJournalBytesMax));
    auto value = ipc::from_json(base::string_of(bytes));
    if (!value) {
        return base::with_context(std::move(value).error(), journal->path_);
    }
    auto kept = contract::from_value<contract::Journal>(*value);
    if (!kept) {
        return base::with_context(std::move(kept).error(), journal->path_);
    }
    journal->kept_ = std::move(*kept);
    return journal;
}

bool Journal::holds(const base::OperationId& id) const {
    return std::any_of(kept_.operations.begin(), kept_.operations.end(),
                       [&](const auto& one) { return one.operation_id == id; });
}

base::Done Journal::keep(const contract::KeptOperation& operation) {
    if (holds(operation.operation_id)) {
        return {};
    }
    contract::Journal next = kept_;
    next.operations.push_back(operation);
    return write(std::move(next));
}

base::Done Journal::forget(const base::OperationId& id) {
    if (!holds(id)) {
        return {};
    }
    contract::Journal next = kept_;
    std::erase_if(next.operations, [&](const auto& one) { return one.operation_id == id; });
    return write(std::move(next));
}

base::Done Journal::write(contract::Journal next) {
    const std::string text =
        ipc::to_json(contract::to_value(next, contract::Style::readable), 1) + "\n";
    if (next.operations.size() > kJournalOperationsMax || text.size() > kJournalBytesMax) {
        return base::make_error(base::ErrorCode::too_large,
                                fmt::format("{}: {} operations are unfinished; acknowledge them",
                                            path_, next.operations.size() - 1));
    }
    TRY(os::write_atomically(path_, std::as_bytes(std::span(text)), kMode));
    kept_ = std::move(next);
    return {};
}

}  // namespace tillhost::client
