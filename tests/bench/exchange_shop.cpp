#include "tests/bench/exchange_shop.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "hal/os/digest.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kPartBytes = 512 * 1024;
constexpr int kJobWaitMs = 1000;
constexpr std::string_view kNode = "central";
constexpr std::string_view kPassword = "a password of the bench";
constexpr std::string_view kUser =
    R"({"object":{"kind":"Role","id":"cashier","deleted":false,"body":{"role":{"name":"cashier",)"
    R"("permission":[{"name":"sale.sell","value":"true"}]}}}})"
    "\n"
    R"({"object":{"kind":"User","id":"u1","deleted":false,"body":{"user":{"name":"Anna",)"
    R"("login":"anna","roleId":"cashier","enabled":true,"password":"a good password"}}}})"
    "\n";

std::string message_id(int number) {
    return fmt::format("0190f5c4-6f6e-7cc1-9f0a-{:012d}", number);
}

}  // namespace

Result<std::string> member_of(std::string_view json, std::string_view name) {
    const std::string start = fmt::format("\"{}\":\"", name);
    const std::size_t at = json.find(start);
    const std::size_t begin = at + start.size();
    const std::size_t end = at == std::string_view::npos ? at : json.find('"', begin);
    if (end == std::string_view::npos) {
        return make_error(ErrorCode::wrong_state, fmt::format("no {} in {}", name, json));
    }
    return std::string(json.substr(begin, end - begin));
}

Result<std::unique_ptr<ExchangeShop>> ExchangeShop::open(Bench& bench) {
    std::unique_ptr<ExchangeShop> shop(new ExchangeShop(bench));
    TRY(shop->prepare());
    TRY(shop->start());
    shop->accounting_ = TRY(shop->connect(1));
    TRY(shop->import(std::string(kUser)));
    return shop;
}

ExchangeShop::~ExchangeShop() {
    accounting_.reset();
    if (sumpd_) {
        end_by(*sumpd_, SIGTERM);
    }
}

Done ExchangeShop::prepare() {
    constexpr mode_t kOwn = 0750;
    constexpr mode_t kSecret = 0600;
    program_ = TRY(os::program_folder()) + "../bin/sumpd";
    folder_ = TRY(Folder::make());
    for (const char* name : {"config", "state"}) {
        ::mkdir(file(name).c_str(), kOwn);
    }
    std::ofstream(file("password")) << kPassword << "\n";
    ::chmod(file("password").c_str(), kSecret);
    port_ = support::free_port();
    std::ofstream(file("config/sumpd.toml")) << fmt::format(
        "[[api]]\nport = \"{}\"\n[[exchange]]\nnode = \"{}\"\nlogin = \"erp\"\n"
        "password_file = \"{}\"\n",
        port_, kNode, file("password"));
    syncs_ = TRY(SyncCount::create(file("syncs")));
    ::setenv("TILLHOST_STATE_DIR", file("state").c_str(), 1);
    return {};
}

Done ExchangeShop::start() {
    const Done started = syncs_->counting([&]() -> Done {
        bench_.processors.be_service();
        auto child =
            os::Child::spawn({.program = program_, .arguments = {"--config", file("config")}});
        bench_.processors.be_client();
        sumpd_ = TRY(std::move(child));
        return {};
    });
    TRY(Done(started));
    return wait_listening(bench_.clock, port_, "sumpd");
}

Result<std::unique_ptr<HttpsClients>> ExchangeShop::connect(std::size_t count) const {
    return HttpsClients::connect(bench_.clock, port_, count);
}

Result<ExchangeShop::App> ExchangeShop::enroll() {
    ::setenv("TILLHOST_STATE_DIR", file("state").c_str(), 1);
    const std::string said = TRY(output_of(program_, {"--config", file("config"), "--invite"}));
    const std::size_t at = said.find("&t=");
    if (at == std::string::npos) {
        return make_error(ErrorCode::wrong_state, "the invitation has no token");
    }
    const std::size_t begin = at + sizeof "&t=" - 1;
    const std::string token = said.substr(begin, said.find_first_of("&\n", begin) - begin);
    const std::string body =
        fmt::format(R"({{"token":"{}","installId":"bench-{}","model":"Phone","os":"Android 14",)"
                    R"("appName":"cashier","appVersion":"1.0"}})",
                    token, ++apps_);
    const std::string answer =
        TRY(accounting_->ask(https_request("POST", "/v1/app/enroll", "", body)));
    return App{.device = "Bearer " + TRY(member_of(answer, "deviceKey"))};
}

Result<ExchangeShop::App> ExchangeShop::enroll_and_login() {
    App app = TRY(enroll());
    const std::string body =
        fmt::format(R"({{"deviceKey":"{}","login":"anna","password":"a good password"}})",
                    app.device.substr(sizeof "Bearer " - 1));
    const std::string answer =
        TRY(accounting_->ask(https_request("POST", "/v1/app/login", "", body)));
    app.session = "Bearer " + TRY(member_of(answer, "session"));
    return app;
}

Result<ExchangeShop::Job> ExchangeShop::send(const std::string& objects) {
    const std::string login = fmt::format("Bearer {}", kPassword);
    const int number = ++message_no_;
    const std::string data =
        fmt::format(R"({{"sumpMessage":{{"from":"{}","to":"sumpd","messageNo":{},"ackNo":0,)"
                    R"("createdAt":"2026-11-27T10:00:00.000+00:00","format":"1.0","full":false}}}})"
                    "\n{}",
                    kNode, number, objects);
    const std::string inbox = "/v1/erp/inbox/" + message_id(number);
    std::size_t parts = 0;
    for (std::size_t at = 0; at < data.size(); at += kPartBytes) {
        TRY(accounting_->ask(https_request("PUT", fmt::format("{}/parts/{}", inbox, ++parts), login,
                                           std::string_view(data).substr(at, kPartBytes),
                                           "application/octet-stream")));
    }
    const std::string commit = fmt::format(
        R"({{"node":"{}","messageNo":{},"ackNo":0,"partCount":{},"sha256":"{}","full":false}})",
        kNode, number, parts, os::sha256_hex(base::bytes_of(data)));
    const std::string answer =
        TRY(accounting_->ask(https_request("POST", inbox + "/commit", login, commit)));
    Job job;
    job.id = TRY(member_of(answer, "jobId"));
    job.state = TRY(member_of(answer, "state"));
    return job;
}

Result<ExchangeShop::Job> ExchangeShop::look_at(const Job& job, int wait_ms) {
    const std::string path = fmt::format("/v1/erp/jobs/{}?waitMs={}", job.id, wait_ms);
    const std::string answer =
        TRY(accounting_->ask(https_request("GET", path, fmt::format("Bearer {}", kPassword))));
    Job now;
    now.id = job.id;
    now.state = TRY(member_of(answer, "state"));
    const bool wrong = now.state == "failed" || answer.find("\"code\"") != std::string::npos;
    return wrong ? Result<Job>(make_error(ErrorCode::wrong_state, answer.substr(0, 1000)))
                 : Result<Job>(std::move(now));
}

Done ExchangeShop::import(const std::string& objects) {
    Job job = TRY(send(objects));
    while (job.state != "done") {
        job = TRY(look_at(job, kJobWaitMs));
    }
    return {};
}

}  // namespace tillhost::bench
