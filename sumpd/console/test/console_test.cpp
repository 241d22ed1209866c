// Claim: nobody reaches a page of the console but who has signed in, and nobody's form is taken but
// his own; what an administrator does is done once, whatever a browser sends again, and noted.
// Shown: every route called without a login, with another's token and from another site's page; a
// console over a real store with a host of devices that only notes what it is asked.
#include <gtest/gtest.h>

#include <algorithm>

#include "ipc/client/cpp/client.h"
#include "sumpd/console/test/console_fixture.h"

namespace tillhost::sumpd::console {
namespace {

using http::Method;
using http::Request;
using http::Response;

std::string path_of(const http::Router::Route& route) {
    std::string path = route.pattern;
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
        path.replace(at, path.find('}', at) + 1 - at, "x");
    }
    return path;
}

TEST_F(ConsoleTest, NothingIsShownOrDoneWithoutALogin) {
    std::size_t closed = 0;
    for (const http::Router::Route& route : console_.routes()) {
        if (route.access == http::Access::anyone) {
            continue;
        }
        ++closed;
        if (route.method == Method::get) {
            const Response sent = get(path_of(route));
            EXPECT_EQ(sent.status, 303) << route.pattern;
            EXPECT_EQ(where(sent), "/login") << route.pattern;
        } else {
            EXPECT_EQ(post(path_of(route), "sure=yes").status, 403) << route.pattern;
        }
    }
    EXPECT_GE(closed, 60U);
    EXPECT_TRUE(actions().empty());
}

TEST_F(ConsoleTest, AFormOfAnotherSessionOrSiteIsRefused) {
    come_in();
    for (const http::Router::Route& route : console_.routes()) {
        if (route.method != Method::post || route.access == http::Access::anyone) {
            continue;
        }
        EXPECT_EQ(post(path_of(route), "sure=yes", false).status, 403) << route.pattern;
        Request foreign = http::request_of(Method::post, path_of(route), cookie_);
        foreign.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        foreign.headers.push_back({"Sec-Fetch-Site", "cross-site"});
        foreign.body = "sure=yes&csrf=" + csrf_;
        EXPECT_EQ(console_.answer(foreign).status, 403) << route.pattern;
    }
    EXPECT_TRUE(settings_.editors.empty());
    EXPECT_EQ(commands(), 0);
}

TEST_F(ConsoleTest, EveryPageIsThereInEveryLanguage) {
    come_in();
    add_registrar();
    for (const char* language : {"en", "ru", "pl"}) {
        ASSERT_EQ(post("/language", std::string("language=") + language).status, 303);
        for (const char* path : {"/settings/general",
                                 "/settings/defaults",
                                 "/settings/exchange",
                                 "/settings/protection",
                                 "/settings/security",
                                 "/settings/maintenance",
                                 "/settings/documents",
                                 "/settings/commands",
                                 "/settings/audit",
                                 "/users",
                                 "/users/new",
                                 "/users/replaced",
                                 "/users/flagged",
                                 "/roles",
                                 "/roles/new",
                                 "/roles/cashier",
                                 "/apps",
                                 "/apps/tasks",
                                 "/registrars",
                                 "/registrars/new",
                                 "/registrars/kassa",
                                 "/terminals",
                                 "/terminals/new"}) {
            const Response page = get(path);
            EXPECT_EQ(page.status, 200) << path;
            EXPECT_NE(page.body.find(std::string("<html lang=\"") + language), std::string::npos);
            for (const char* evil : {"<i>Fake", "<b>Port", "<u>Shop"}) {
                EXPECT_EQ(page.body.find(evil), std::string::npos) << path;
            }
        }
    }
    EXPECT_EQ(get("/registrars/none").status, 404);
    EXPECT_EQ(get("/apps/none").status, 404);
    EXPECT_EQ(get("/users/none").status, 404);
    EXPECT_EQ(get("/roles/none").status, 404);
}

TEST_F(ConsoleTest, ATestReceiptThatIsSentTwiceIsOneCommand) {
    come_in();
    add_registrar();
    const std::string id = hidden_in(get("/registrars/kassa").body, "command");
    ASSERT_EQ(id.size(), 36U);
    const std::string body = "command=" + id + "&what=receipt&kind=sale&amount=1.50";
    const Response first = post("/registrars/kassa/test", body);
    EXPECT_EQ(first.status, 303);
    EXPECT_EQ(where(first), "/registrars/kassa/test/" + id);
    EXPECT_EQ(where(post("/registrars/kassa/test", body)), where(first));
    EXPECT_EQ(commands(), 1);
    const auto row = book_.find(id, kConsoleApp).value();
    EXPECT_EQ(row.device_ref, "kassa");
    EXPECT_EQ(row.op, "receipt");
    EXPECT_NE(row.payload.find("150"), std::string::npos);
    // The same id with another amount is refused, and changes nothing.
    const Response other =
        post("/registrars/kassa/test", "command=" + id + "&what=receipt&kind=sale&amount=2.00");
    EXPECT_NE(other.body.find("the id is taken"), std::string::npos);
    EXPECT_EQ(commands(), 1);
    EXPECT_TRUE(was_noted("device.command"));
}

TEST_F(ConsoleTest, WhatADeviceSaysAgainstADecisionIsShown) {
    come_in();
    const gateway::CommandRow one{.id = "0190b8f2-7c1e-7a00-8000-000000000001",
                                  .app_device = "phone",
                                  .device_ref = "kassa",
                                  .op = "receipt",
                                  .payload = "{}",
                                  .sha256 = "h",
                                  .stage = gateway::Stage::orphaned,
                                  .book = 1};
    ASSERT_TRUE(book_.add(one, false).has_value());
    const std::string form =
        "command=" + one.id + "&done=no&note=" + "nothing%20on%20the%20tape&sure=yes";
    EXPECT_EQ(post("/settings/commands/decide", form).status, 303);
    ASSERT_TRUE(book_.told(one.id).has_value());
    auto decided = book_.decided().value();
    ASSERT_EQ(decided.size(), 1U) << "owed to devd";
    EXPECT_EQ(get("/settings/commands").body.find(one.id), std::string::npos);
    decided[0].device_says = "<b>done";
    decided[0].is_owed = false;
    ASSERT_TRUE(book_.told_by_devd(decided[0], &world_.store().audit()).has_value());
    const std::string page = get("/settings/commands").body;
    EXPECT_NE(page.find("nothing on the tape; ann decided so, but the device says: &lt;b&gt;done"),
              std::string::npos)
        << page;
    EXPECT_NE(page.find("not carried out"), std::string::npos) << "the decision stands";
    EXPECT_TRUE(was_noted("command.contradicted"));
    EXPECT_TRUE(book_.decided()->empty());
}

TEST_F(ConsoleTest, AnAmountThatIsNoneIsRefused) {
    come_in();
    add_registrar();
    const std::string id = hidden_in(get("/registrars/kassa").body, "command");
    for (const char* amount : {"", "0", "-1", "x", "1.005", "1e3", "99999999999999999999"}) {
        const Response page =
            post("/registrars/kassa/test", "command=" + id + "&what=receipt&amount=" + amount);
        EXPECT_NE(page.body.find("two decimals"), std::string::npos) << amount;
    }
    EXPECT_EQ(commands(), 0);
}

TEST_F(ConsoleTest, ADeviceIsAddedAndSetUpByItsManifest) {
    come_in();
    const Response form = get("/registrars/new", {{"driver", "fiscal/fake"}});
    EXPECT_NE(form.body.find("name=\"set.port\""), std::string::npos);
    EXPECT_NE(form.body.find("serial:/dev/ttyS0"), std::string::npos);
    EXPECT_NE(post("/registrars/new", "driver=fiscal/fake&name=Till").body.find("settings.port"),
              std::string::npos);
    EXPECT_EQ(where(post("/registrars/new",
                         "driver=fiscal/fake&name=Till&choose.port=serial%3A/dev/ttyS0&set.port=")),
              "/registrars/kassa?note=did_add_device&of=Till");
    ASSERT_EQ(devices_.made["kassa"].settings.size(), 1U);
    EXPECT_EQ(devices_.made["kassa"].settings[0].value, "serial:/dev/ttyS0");
    // An empty secret stays; only the port has changed.
    EXPECT_EQ(post("/registrars/kassa/settings", "set.port=pty:/y&set.password=").status, 303);
    ASSERT_EQ(devices_.configured.size(), 1U);
    EXPECT_EQ(devices_.configured[0].settings.size(), 1U);
    EXPECT_TRUE(devices_.configured[0].unset.empty());
    EXPECT_NE(post("/registrars/kassa/check", "").body.find("cable or power"), std::string::npos);
    EXPECT_NE(post("/registrars/kassa/delete", "").body.find("the tick was not set"),
              std::string::npos);
    EXPECT_EQ(post("/registrars/kassa/delete", "sure=yes").status, 303);
    EXPECT_TRUE(devices_.made.empty());
    for (const char* action : {"device.add", "device.configure", "device.check", "device.delete"}) {
        EXPECT_TRUE(was_noted(action)) << action;
    }
}

TEST_F(ConsoleTest, AHiddenDeviceIsNotForApps) {
    come_in();
    add_registrar();
    ASSERT_EQ(post("/registrars/kassa/visible", "visible=no").status, 303);
    EXPECT_FALSE(choice_->is_visible("kassa"));
    exchange::StartCommand command{.device_ref = "kassa", .op = "x_report", .payload = "{}"};
    command.command_id.text = client::make_operation_id(world_.clock()).to_text();
    EXPECT_EQ(gateway_->start_command({.app = "phone"}, command).error().code,
              exchange::FaultCode::forbidden);
    command.op = "sale";
    command.device_ref.reset();
    command.payload = R"({"registrar": "kassa", "receipt": {"kind": "sale", "lines": [{"name": "x",
        "price_minor": 1, "quantity_units": 1, "vat": "no_vat"}],
        "payments": [{"kind": "cash", "amount_minor": 1}]}})";
    EXPECT_EQ(gateway_->start_command({.app = "phone"}, command).error().code,
              exchange::FaultCode::forbidden);
    ASSERT_EQ(post("/registrars/kassa/visible", "visible=yes").status, 303);
    EXPECT_TRUE(choice_->is_visible("kassa"));
    EXPECT_TRUE(was_noted("device.hide"));
}

TEST_F(ConsoleTest, SettingsChangeWhatWasTouchedAndSayWhatIsWrong) {
    come_in();
    EXPECT_EQ(
        where(post("/settings/change", "at=/settings/general&set.api.port=8443&was.api.port=8443")),
        "/settings/general?note=did_not_change&of=");
    const Response wrong =
        post("/settings/change", "at=/settings/general&set.api.port=wrong&was.api.port=8443");
    EXPECT_NE(wrong.body.find("aria-invalid"), std::string::npos);
    EXPECT_NE(wrong.body.find("value=\"wrong\""), std::string::npos);
    EXPECT_TRUE(settings_.set.empty());
    ASSERT_EQ(
        post("/settings/change", "at=/settings/general&set.api.port=9443&was.api.port=8443").status,
        303);
    EXPECT_EQ(settings_.set["api.port"], "9443");
    EXPECT_EQ(settings_.editors, std::vector<std::string>{"ann"});
    EXPECT_NE(get("/settings/defaults").body.find("9443"), std::string::npos);
    ASSERT_EQ(post("/settings/defaults", "sure=yes").status, 303);
    EXPECT_TRUE(settings_.set.empty());
    // The default device is such a setting.
    add_registrar();
    ASSERT_EQ(post("/registrars/kassa/default", "").status, 303);
    EXPECT_EQ(settings_.set["devices.registrar"], "kassa");
}

TEST_F(ConsoleTest, AnAppIsEnrolledByACodeOnThePage) {
    come_in();
    const Response page = post("/apps/invite", "name=Till+1&kind=cashier&minutes=15");
    ASSERT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("<svg"), std::string::npos);
    const std::size_t at = page.body.find("sump://enroll?");
    ASSERT_NE(at, std::string::npos);
    const std::size_t token = page.body.find("t=", at) + 2;
    exchange::Enroll enroll;
    enroll.token.text = page.body.substr(token, page.body.find('&', token) - token);
    enroll.install_id = "phone-1";
    enroll.kind = exchange::AppKind::cashier;
    const auto enrolled = registry_.enroll(enroll);
    ASSERT_TRUE(enrolled) << enrolled.error().message;
    const std::string device = registry_.devices().front().row.id;
    EXPECT_NE(get("/apps").body.find("Till 1"), std::string::npos);
    EXPECT_NE(post("/apps/" + device + "/revoke", "").body.find("the tick was not set"),
              std::string::npos);
    ASSERT_EQ(post("/apps/" + device + "/revoke", "sure=yes").status, 303);
    EXPECT_EQ(registry_.device(device)->row.state, apps::DeviceState::revoked);
    ASSERT_EQ(post("/apps/" + device + "/rescue", "minutes=60").status, 303);
    EXPECT_NE(registry_.device(device)->row.rescue_until_s, 0);
}

TEST_F(ConsoleTest, TheExchangeIsHandedOverByTheTypedCodeOnly) {
    come_in();
    ASSERT_TRUE(world_.exchange().configure("central"));
    const auto hand_over = [&](const std::string& word) {
        return post("/settings/exchange/hand-over", "code=branch&again=yes&word=" + word);
    };
    EXPECT_NE(hand_over("other").body.find("not that"), std::string::npos);
    EXPECT_EQ(world_.exchange().node().value().code, "central");
    ASSERT_EQ(hand_over("central").status, 303);
    EXPECT_EQ(world_.exchange().node().value().code, "branch");
    EXPECT_NE(
        post("/settings/exchange/numbers", "ack_no=7&next_no=1&word=branch").body.find("Refused"),
        std::string::npos)
        << "no message 7 was ever sent";
    EXPECT_EQ(post("/settings/exchange/numbers", "ack_no=0&next_no=5&word=branch").status, 303);
    EXPECT_EQ(world_.exchange().node().value().received_no, 4);
}

TEST_F(ConsoleTest, AUserIsAddedChangedAndRemoved) {
    come_in();
    const std::string anna =
        "name=Anna&login=anna&role=cashier&stores=s1+s2&enabled=yes&valid_to=2030-12-31";
    ASSERT_EQ(post("/users/save", "id=&version=0&password=a+good+password&" + anna).status, 303);
    const people::UserCard card = people_.users().value().front();
    EXPECT_EQ(card.login, "anna");
    EXPECT_EQ(card.stores, (std::vector<std::string>{"s1", "s2"}));
    EXPECT_TRUE(card.has_password);
    const std::string page = get("/users/" + card.id).body;
    EXPECT_NE(page.find("value=\"2030-12-31\""), std::string::npos);
    EXPECT_EQ(page.find("a good password"), std::string::npos);
    // A second one of the same login, and a day that is none, are refused; what was typed stays.
    EXPECT_NE(post("/users/save", "id=&version=0&" + anna).body.find("value=\"anna\""),
              std::string::npos);
    EXPECT_NE(post("/users/save", "id=&name=B&login=b&role=cashier&valid_to=soon")
                  .body.find("a day is wanted"),
              std::string::npos);
    EXPECT_EQ(people_.users().value().size(), 1U);
    // The password stays where none is typed, and goes where it is ticked.
    const std::string same = "id=" + card.id + "&version=" + std::to_string(card.version) + "&";
    ASSERT_EQ(post("/users/save", same + anna + "&no_password=yes").status, 303);
    EXPECT_FALSE(people_.user(card.id).value().has_password);
    EXPECT_NE(post("/users/save", same + anna).body.find("Refused"), std::string::npos)
        << "it was changed meanwhile";
    ASSERT_EQ(post("/users/" + card.id + "/delete", "sure=yes").status, 303);
    EXPECT_TRUE(people_.users().value().empty());
}

TEST_F(ConsoleTest, ARoleHasTheTreeOfPermissions) {
    come_in();
    std::string form = "id=&version=0&name=Trainee";
    for (const people::LeafRow& leaf : people::leaves()) {
        const bool is_flag = leaf.type == people::LeafType::boolean;
        form += "&may." + std::string(leaf.name) + "=" +
                (is_flag ? "yes" : std::string(leaf.otherwise()));
    }
    ASSERT_EQ(post("/roles/save", form).status, 303);
    const auto roles = people_.roles().value();
    const auto made = std::find_if(roles.begin(), roles.end(), [](const people::RoleCard& one) {
        return one.name == "Trainee";
    });
    ASSERT_NE(made, roles.end());
    for (const exchange::Permission& one : made->permissions) {
        const auto leaf = people::leaf_from(one.name);
        if (people::row_of(*leaf).type == people::LeafType::boolean) {
            EXPECT_EQ(one.value, "true") << one.name;
        }
    }
    // Shown in Russian, the name of a predefined role stays what it is.
    ASSERT_EQ(post("/language", "language=ru").status, 303);
    const std::string page = get("/roles/cashier").body;
    const std::string before = people_.role("cashier").value().name;
    std::string same =
        "id=cashier&version=0&name=" + hidden_in(page, "was") + "&was=" + hidden_in(page, "was");
    const people::RoleCard cashier = people_.role("cashier").value();
    for (const exchange::Permission& one : cashier.permissions) {
        same += "&may." + one.name + "=" + (one.value == "true" ? "yes" : one.value);
    }
    ASSERT_EQ(post("/roles/save", same).status, 303);
    EXPECT_EQ(people_.role("cashier").value().name, before);
    EXPECT_EQ(post("/roles/cashier/delete", "sure=yes").status, 200) << "predefined";
    EXPECT_TRUE(people_.role("cashier").has_value());
}

TEST_F(ConsoleTest, APurgeWantsTheNameOfTheServer) {
    come_in();
    EXPECT_NE(post("/settings/maintenance/purge", "word=yes").body.find("Refused"),
              std::string::npos);
    const Response backup = post("/settings/maintenance/backup", "");
    EXPECT_EQ(backup.status, 303) << backup.body;
}

TEST_F(ConsoleTest, DevdThatIsAwayIsSaid) {
    come_in();
    devices_.is_away = true;
    for (const char* path : {"/registrars", "/registrars/new", "/terminals"}) {
        const Response page = get(path);
        EXPECT_EQ(page.status, 503) << path;
        EXPECT_NE(page.body.find("did not answer"), std::string::npos) << path;
    }
}

}  // namespace
}  // namespace tillhost::sumpd::console
