#include "licd/client/pins.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "hal/base/bytes.h"
#include "hal/os/files.h"
#include "ipc/curve_keys.h"
#include "ipc/text_tables.h"

namespace tillhost::licd::client {
namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr unsigned kFileMode = 0600;
constexpr const char* kTable = "server";
constexpr const char* kComment =
    "Licence servers that have lent to this program. One that was set up anew: remove its table.";

base::Error invalid(const std::string& path, std::string_view what) {
    return base::make_error(base::ErrorCode::config_invalid, fmt::format("{}: {}", path, what));
}

}  // namespace

base::Done Pins::load() {
    pins_.clear();
    if (path_.empty() || ::access(path_.c_str(), F_OK) != 0) {
        return {};
    }
    const std::string text = base::string_of(TRY(os::read_file(path_, kFileBytesMax)));
    const auto tables = ipc::read_text_tables(text);
    if (!tables) {
        return invalid(path_, tables.error().detail);
    }
    if (tables->front().get("format") != "1") {
        return invalid(path_, "format = \"1\" is missing: it is no file of pinned servers");
    }
    for (auto table = tables->begin() + 1; table != tables->end(); ++table) {
        Pin pin{.address = table->get("address"),
                .curve_key = table->get("curve_key"),
                .server_key = table->get("server_key"),
                .name = table->get("name")};
        if (table->name != kTable || pin.address.empty() || !ipc::is_key(pin.curve_key) ||
            !ipc::is_key(pin.server_key) || pins_.size() == kPinsMax) {
            return invalid(path_, fmt::format("line {}: a [[server]] has address, curve_key and "
                                              "server_key; at most {} of them",
                                              table->line, kPinsMax));
        }
        pins_.push_back(std::move(pin));
    }
    return {};
}

base::Done Pins::keep(const Pin& pin) {
    if (path_.empty()) {
        return {};
    }
    TRY(load());  // another program may have the same file
    std::erase_if(pins_, [&pin](const Pin& old) { return old.address == pin.address; });
    if (pins_.size() == kPinsMax) {
        pins_.erase(pins_.begin());
    }
    pins_.push_back(pin);
    std::vector<ipc::TextTable> tables(1);
    tables.front().set("format", "1");
    for (const Pin& one : pins_) {
        ipc::TextTable table{.name = kTable};
        table.set("address", one.address);
        table.set("curve_key", one.curve_key);
        table.set("server_key", one.server_key);
        table.set("name", one.name);
        tables.push_back(std::move(table));
    }
    return os::write_atomically(path_, base::bytes_of(ipc::write_text_tables(kComment, tables)),
                                kFileMode);
}

const Pin* Pins::of(const std::string& address) const {
    const auto found = std::find_if(pins_.begin(), pins_.end(),
                                    [&](const Pin& pin) { return pin.address == address; });
    return found == pins_.end() ? nullptr : &*found;
}

bool Pins::know(const FoundServer& server) const {
    return std::any_of(pins_.begin(), pins_.end(), [&server](const Pin& pin) {
        return pin.curve_key == server.curve_key && pin.server_key == server.server_key;
    });
}

}  // namespace tillhost::licd::client
