#include "tests/bench/licence_shop.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ipc/contract/decoder.h"
#include "ipc/contract/licence.h"
#include "ipc/curve_keys.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr const char* kSerial = "4410-0093-7721";
constexpr os::Duration kLook = std::chrono::milliseconds(1);
constexpr std::size_t kPinCharacters = 19;  // four groups of four

/// The first PIN in what licissue says of a new key.
Result<std::string> pin_in(const std::string& said) {
    std::istringstream words(said);
    std::string word;
    while (words >> word) {
        if (word.size() == kPinCharacters && std::count(word.begin(), word.end(), '-') == 3) {
            return word;
        }
    }
    return make_error(ErrorCode::system_failed, "licissue names no PIN");
}

}  // namespace

Result<std::unique_ptr<LicenceShop>> LicenceShop::open(Bench& bench,
                                                       const std::vector<std::string>& lines) {
    std::unique_ptr<LicenceShop> shop(new LicenceShop(bench));
    TRY(shop->make_folders());
    TRY(shop->vendor({"init", shop->file("vendor"), "--name", "Example", "--product", "till"}));
    std::filesystem::copy_file(shop->file("vendor/root.crt"), shop->file("config/roots/root.crt"));
    TRY(shop->start_licd());
    TRY(shop->connect_here());  // its keys are made by now
    shop->curve_key_ = TRY(ipc::load_or_make_key(shop->file("state/licd/network.key"))).public_key;
    TRY(shop->make_key(lines));
    return shop;
}

Done LicenceShop::make_folders() {
    constexpr mode_t kOwn = 0750;
    programs_ = TRY(os::program_folder()) + "../bin/";
    folder_ = TRY(Folder::make());
    for (const char* name : {"config", "config/roots", "run", "state"}) {
        ::mkdir(file(name).c_str(), kOwn);
    }
    std::ofstream(file("passphrase")) << "of the bench\n";
    ::chmod(file("passphrase").c_str(), 0600);
    port_ = support::free_port();
    std::ofstream(file("config/licd.toml"))
        << fmt::format("[[network]]\non = \"yes\"\nport = \"{}\"\nsearch = \"no\"\n", port_);
    syncs_ = TRY(SyncCount::create(file("syncs")));
    return {};
}

Done LicenceShop::make_key(const std::vector<std::string>& lines) {
    std::vector<std::string> words{
        "key",   "new",    "--product", "till",     "--slots",  "2",     "--serial",
        kSerial, "--weak", "allow",     "--policy", "tolerant", "--out", file("key.dongle")};
    for (const std::string& line : lines) {
        words.insert(words.end(), {"--line", line});
    }
    const std::string said = TRY(vendor(std::move(words)));
    const std::string pin = TRY(pin_in(said));
    TRY(administer({"load", file("key.dongle")}));
    TRY(administer({"activate", kSerial, pin, "--save", file("request.lreq")}));
    TRY(vendor({"answer", file("request.lreq"), "--out", file("answer.lact")}));
    TRY(administer({"load", file("answer.lact")}));
    return {};
}

Result<std::string> LicenceShop::vendor(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--passphrase-file", file("passphrase"), "--dir", file("vendor")});
    return output_of(programs_ + "licissue", std::move(words));
}

Result<std::string> LicenceShop::administer(std::vector<std::string> words) const {
    words.insert(words.begin(), "licence");
    ::setenv("TILLHOST_RUNTIME_DIR", file("run").c_str(), 1);
    return output_of(programs_ + "tillctl", std::move(words));
}

Done LicenceShop::start_licd() {
    ::setenv("TILLHOST_RUNTIME_DIR", file("run").c_str(), 1);
    ::setenv("TILLHOST_STATE_DIR", file("state").c_str(), 1);
    return syncs_->counting([&]() -> Done {
        bench_.processors.be_service();
        auto child = os::Child::spawn(
            {.program = programs_ + "licd", .arguments = {"--config", file("config")}});
        bench_.processors.be_client();
        licd_ = TRY(std::move(child));
        return {};
    });
}

void LicenceShop::kill_licd() {
    std::string how;
    if (licd_) {
        licd_->kill();
        while (!licd_->reap(how)) {
            pollfd wait{licd_->pidfd(), POLLIN, 0};
            ::poll(&wait, 1, 1000);
        }
        licd_.reset();
    }
}

Result<std::unique_ptr<LicenceWire>> LicenceShop::connect() const {
    return LicenceWire::open(fmt::format("tcp://127.0.0.1:{}", port_), curve_key_, bench_.clock);
}

Result<std::unique_ptr<ipc::ZmqClient>> LicenceShop::connect_here() const {
    const os::Deadline patience = bench_.soon();
    while (true) {
        auto client = ipc::ZmqClient::connect(endpoint(), bench_.clock, patience);
        if (client || bench_.clock.now() > patience) {
            return client;
        }
        bench_.clock.sleep_until(bench_.clock.now() + kLook);
    }
}

Result<std::int64_t> LicenceShop::used(const std::string& licence) const {
    const auto client = TRY(connect_here());
    const auto body =
        TRY(client->call(contract::RequestKind::licence_keys,
                         contract::to_value(contract::LicencesRequest{}), bench_.soon()));
    const auto reply = TRY(contract::from_value<contract::LicenceKeysReply>(body));
    for (const contract::LicenceKey& key : reply.keys) {
        for (const contract::LicenceLine& line : key.lines) {
            if (line.name == licence) {
                return line.used;
            }
        }
    }
    return make_error(ErrorCode::licence_unknown, licence);
}

}  // namespace tillhost::bench
