// Claim: default devices of users, apps and stores are set on their pages, by what there is of the
// kind alone, shown with whose rule holds, and noted.
// Shown: the forms sent as a browser sends them, over a real store.
#include <gtest/gtest.h>

#include "sumpd/console/test/console_fixture.h"

namespace tillhost::sumpd::console {
namespace {

using gateway::DefaultKind;
using gateway::DefaultRule;

TEST_F(ConsoleTest, DefaultsOfAUserAndAStore) {
    come_in();
    add_registrar();
    people::UserEdit edit;
    edit.name = "Anna";
    edit.login = "anna";
    edit.role_id = "cashier";
    const auto anna = people_.put_user({.login = "ann"}, edit);
    ASSERT_TRUE(anna) << anna.error().message;
    EXPECT_NE(get("/users/" + anna->id).body.find("none of its own"), std::string::npos);
    const std::string set = "/settings/device-defaults/set";
    EXPECT_EQ(where(post(set, "rule=user&of=" + anna->id + "&registrar=kassa&terminal=")),
              "/users/" + anna->id + "?note=did_set_default&of=");
    EXPECT_EQ(rules_->device_of({DefaultRule::user, anna->id, DefaultKind::registrar}), "kassa");
    EXPECT_NE(get("/users/" + anna->id).body.find("kassa (User)"), std::string::npos);
    EXPECT_NE(get("/registrars").body.find("User Anna"), std::string::npos);
    EXPECT_EQ(where(post(set, "rule=store&of=s1&registrar=kassa&terminal=")),
              "/settings/device-defaults?note=did_set_default&of=");
    EXPECT_NE(get("/settings/device-defaults").body.find("s1"), std::string::npos);
    EXPECT_TRUE(was_noted("default.set"));
    devices_.made.clear();
    EXPECT_NE(get("/settings/device-defaults").body.find("kassa (is not there)"),
              std::string::npos);
    EXPECT_EQ(post(set, "rule=store&of=s1&registrar=&terminal=").status, 303);
    EXPECT_EQ(rules_->all().size(), 1U);
}

TEST_F(ConsoleTest, WhatCannotBeADefaultIsNotTaken) {
    come_in();
    add_registrar();
    const std::string set = "/settings/device-defaults/set";
    EXPECT_NE(post(set, "rule=store&of=s1&registrar=other&terminal=").body.find("of this kind"),
              std::string::npos);
    EXPECT_NE(post(set, "rule=store&of=s1&registrar=&terminal=kassa").body.find("of this kind"),
              std::string::npos)
        << "a registrar is no terminal";
    EXPECT_EQ(post(set, "rule=user&of=nobody&registrar=kassa&terminal=").status, 404);
    EXPECT_EQ(post(set, "rule=app&of=nobody&registrar=kassa&terminal=").status, 404);
    EXPECT_EQ(post(set, "rule=server&of=x&registrar=kassa&terminal=").status, 404);
    devices_.is_away = true;
    EXPECT_NE(post(set, "rule=store&of=s1&registrar=kassa&terminal=").body.find("of this kind"),
              std::string::npos);
    EXPECT_TRUE(rules_->all().empty());
}

}  // namespace
}  // namespace tillhost::sumpd::console
