#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "hal/os/boot_clock.h"
#include "ipc/http/test/visitor.h"
#include "sumpd/apps/registry_tables.h"
#include "sumpd/console/console.h"
#include "sumpd/console/test/fakes.h"

namespace tillhost::sumpd::console {

using http::Method;
using http::Request;
using http::Response;

inline constexpr const char* kPassword = "correct horse battery";

/// A console over a real store, and the browser of its administrator.
class ConsoleTest : public testing::Test {
protected:
    ConsoleTest()
        : passwords_(MUST(http::Passwords::create(OpenStore::kCheap))),
          tables_(world_.transactions(), world_.store().audit()),
          seats_(MUST(seats::Seats::start({}, boot_clock_, world_.logger()))),
          registry_(registry_parts(), {}),
          book_(world_.transactions()),
          choice_(MUST(gateway::DeviceChoice::open(world_.transactions(), world_.store().audit()))),
          rules_(MUST(gateway::DefaultRules::open(world_.transactions(), world_.store().audit()))),
          gateway_(MUST(gateway::Gateway::start({.book = book_,
                                                 .port = port_,
                                                 .asked_port = port_,
                                                 .clock = world_.clock(),
                                                 .logger = world_.logger(),
                                                 .defaults = {},
                                                 .choice = choice_.get(),
                                                 .rules = rules_.get()}))),
          people_(world_.store(), world_.clock(), OpenStore::kCheap),
          maintenance_(
              MUST(maintenance::Maintenance::start({.store = world_.store(),
                                                    .clock = world_.clock(),
                                                    .logger = world_.logger(),
                                                    .settings = {.folder = world_.folder(),
                                                                 .server_name = "Shop",
                                                                 .backup_daily = false}}))),
          console_({.store = world_.store(),
                    .registry = registry_,
                    .gateway = *gateway_,
                    .device_choice = *choice_,
                    .default_rules = *rules_,
                    .people = people_,
                    .maintenance = *maintenance_,
                    .seats = *seats_,
                    .devices = devices_,
                    .settings = settings_,
                    .passwords = *passwords_,
                    .clock = world_.clock(),
                    .logger = world_.logger(),
                    .facts = {.version = "1",
                              .name = "<u>Shop</u>",
                              .api_url = "https://shop.example:8443",
                              .pin = "abc"},
                    .state = world_.folder()}) {}

    apps::RegistryParts registry_parts() {
        return {.store = tables_,
                .clock = world_.clock(),
                .passwords = *passwords_,
                .server_name = "Shop",
                .server_id = world_.store().server_id().text,
                .pin = "abc",
                .permissions = [](const std::string&, const std::string&)
                    -> exchange::Outcome<std::vector<exchange::Permission>> {
                    return people::none_allowed();
                },
                .key = world_.store().key(),
                .seats = *seats_};
    }

    Response get(std::string_view path, std::vector<http::Pair> query = {}) {
        Request request = http::request_of(Method::get, path, cookie_);
        request.query = std::move(query);
        return console_.answer(request);
    }
    Response post(std::string_view path, std::string body, bool with_token = true) {
        Request request = http::request_of(Method::post, path, cookie_);
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.peer = "127.0.0.1";
        if (with_token && !csrf_.empty()) {
            body += "&csrf=" + csrf_;
        }
        request.body = std::move(body);
        return console_.answer(request);
    }
    /// By the one-time token, as the first person does.
    void come_in() {
        ASSERT_TRUE(console_.invite());
        const std::string token = MUST(panel::LoginFile(world_.folder(), kResetLogin).token());
        const Response in = post("/set-up", "token=" + token + "&user=ann&password=" + kPassword +
                                                "&again=" + kPassword);
        ASSERT_EQ(in.status, 303) << in.body;
        cookie_ = http::kept_cookie(*http::find(in.headers, "Set-Cookie"));
        csrf_ = hidden_in(get("/settings/general").body, "csrf");
        ASSERT_FALSE(csrf_.empty());
    }
    /// The value of a hidden field of the page.
    static std::string hidden_in(const std::string& page, const std::string& name) {
        const std::string mark = "name=\"" + name + "\" value=\"";
        const std::size_t at = page.find(mark);
        if (at == std::string::npos) {
            return "";
        }
        const std::size_t begin = at + mark.size();
        return page.substr(begin, page.find('"', begin) - begin);
    }
    std::vector<std::string> actions() {
        std::vector<std::string> names;
        const auto acts = world_.store().audit().page(0, 100);
        for (const store::ActRow& row : acts.value()) {
            names.push_back(row.act.action);
        }
        return names;
    }
    bool was_noted(const std::string& action) {
        const auto names = actions();
        return std::find(names.begin(), names.end(), action) != names.end();
    }
    std::int64_t commands() {
        return world_.transactions()
            .read<std::int64_t>([](store::Sql& sql) -> exchange::Outcome<std::int64_t> {
                return sql.number("SELECT count(*) FROM device_command");
            })
            .value();
    }
    void add_registrar() {
        ASSERT_EQ(
            post("/registrars/new", "driver=fiscal/fake&name=Till&set.port=pty:/x&set.password=s")
                .status,
            303);
    }
    static std::string where(const Response& response) {
        const std::string* location = http::find(response.headers, "Location");
        return location == nullptr ? "" : *location;
    }

    OpenStore world_;
    os::BootClock boot_clock_;
    FakeDevices devices_;
    FakeSettings settings_;
    DeafPort port_;
    std::unique_ptr<http::Passwords> passwords_;
    apps::RegistryTables tables_;
    std::unique_ptr<seats::Seats> seats_;
    apps::Registry registry_;
    gateway::CommandBook book_;
    std::unique_ptr<gateway::DeviceChoice> choice_;
    std::unique_ptr<gateway::DefaultRules> rules_;
    std::unique_ptr<gateway::Gateway> gateway_;
    people::People people_;
    std::unique_ptr<maintenance::Maintenance> maintenance_;
    Console console_;
    std::string cookie_;
    std::string csrf_;
};

}  // namespace tillhost::sumpd::console
