// Claim: every page says what licd answered, in three languages, and no text from outside becomes
// markup.
// Shown: pages made of values with markup in them, and looked at as text.
#include "licd/web/view.h"

#include <gtest/gtest.h>

namespace tillhost::licd::web {
namespace {

using http::Language;

constexpr const char* kEvil = "<script>\"'&";

View view_in(Language language) { return {.language = language, .user = "ann", .csrf = "c5rf"}; }

contract::LicenceKey key() {
    contract::LicenceKey key;
    key.serial = "4410-0093-7721";
    key.product = kEvil;
    key.kind = contract::LicenceKeyKind::software;
    key.state = contract::LicenceKeyState::degraded;
    key.text = kEvil;
    key.enabled = true;
    key.has_code = true;
    key.score = 81;
    contract::LicenceLine line;
    line.name = kEvil;
    line.counting = contract::LicenceCounting::counted;
    line.count = 20;
    line.used = 3;
    key.lines.push_back(line);
    return key;
}

contract::LicenceConnection connection() {
    contract::LicenceConnection one;
    one.number = 17;
    one.licence = one.key = one.user = one.computer = one.program = kEvil;
    one.session = one.terminal_session = kEvil;
    one.state = contract::LicenceLeaseState::idle;
    one.seat = 2;
    one.held_ms = 3 * 3'600'000 + 5 * 60'000;
    return one;
}

bool holds(const std::string& page, std::string_view text) {
    return page.find(text) != std::string::npos;
}

SettingsForm evil_settings() {
    SettingsForm form;
    form.reply.file = kEvil;
    contract::LicenceSetting one;
    one.source = contract::LicenceSettingSource::panel;
    one.name = std::string("web.") + kEvil;
    one.value = one.normal = kEvil;
    form.reply.settings.push_back(one);
    one.choices = {kEvil};
    form.reply.settings.push_back(one);
    one.changeable = false;
    form.reply.settings.push_back(one);
    form.wrong = one.name;
    form.why = kEvil;
    return form;
}

contract::LicenceActsReply evil_acts() {
    contract::LicenceActsReply reply;
    contract::LicenceAct& act = reply.acts.emplace_back();
    act.who = act.act = act.what = kEvil;
    return reply;
}

/// All pages that show something from outside.
std::vector<std::string> pages_in(Language language) {
    View view = view_in(language);
    view.user = view.note = view.error = kEvil;
    contract::LicenceConnectionsReply connections;
    connections.connections = {connection()};
    connections.total = 1;
    contract::LicenceKeysReply keys;
    keys.keys = {key()};
    contract::ActivateLicenceReply request;
    request.text = request.file = request.vendor = kEvil;
    contract::LicenceTraitsReply traits;
    contract::MachineTrait trait;
    trait.kind = "disk";
    trait.weak = kEvil;
    traits.traits = {trait};
    return {connections_page(view, connections, 0),
            keys_page(view, keys),
            key_page(view, key(), request),
            functions_page(view, traits),
            settings_page(view, evil_settings()),
            defaults_page(view, evil_settings().reply, evil_settings().reply),
            acts_page(view, evil_acts(), 0),
            message_page(view, kEvil)};
}

TEST(View, EscapesWhatComesFromOutside) {
    for (const Language language : {Language::en, Language::ru, Language::pl}) {
        for (const std::string& page : pages_in(language)) {
            EXPECT_FALSE(holds(page, kEvil));
            EXPECT_FALSE(holds(page, "<script>"));
            EXPECT_TRUE(holds(page, "&lt;script&gt;"));
            EXPECT_TRUE(holds(page, "<html lang=\"" + std::string(http::code_of(language))));
        }
    }
}

TEST(View, EveryFormCarriesTheSessionsToken) {
    for (const std::string& page : pages_in(Language::en)) {
        std::size_t forms = 0;
        std::size_t tokens = 0;
        for (std::size_t at = page.find("<form"); at != std::string::npos;
             at = page.find("<form", at + 1)) {
            ++forms;
            const std::string one = page.substr(at, page.find("</form>", at) - at);
            tokens += holds(one, "name=\"csrf\" value=\"c5rf\"") ? 1 : 0;
        }
        EXPECT_EQ(forms, tokens) << page;
    }
}

TEST(View, SaysHowALeaseStands) {
    contract::LicenceConnectionsReply reply;
    reply.connections = {connection()};
    reply.total = 1;
    const std::string english = connections_page(view_in(Language::en), reply, 0);
    EXPECT_TRUE(holds(english, "not used"));
    EXPECT_TRUE(holds(english, "3 h 05 min"));
    EXPECT_TRUE(holds(english, "Release licence 17"));
    const std::string russian = connections_page(view_in(Language::ru), reply, 0);
    EXPECT_TRUE(holds(russian, "не используется"));
    EXPECT_TRUE(holds(russian, "3 ч 05 мин"));
    EXPECT_TRUE(holds(connections_page(view_in(Language::pl), {}, 0), "Żadna licencja"));
}

TEST(View, LeadsToTheNextPageWhenThisOneIsFull) {
    contract::LicenceConnectionsReply reply;
    for (std::size_t i = 1; i <= kConnectionsPerPage; ++i) {
        reply.connections.push_back(connection());
        reply.connections.back().number = static_cast<std::int64_t>(i);
    }
    reply.total = 250;
    const std::string first = connections_page(view_in(Language::en), reply, 0);
    EXPECT_TRUE(holds(first, "/connections?after=100"));
    EXPECT_TRUE(holds(first, "100 of 250"));
    reply.connections.resize(50);
    const std::string last = connections_page(view_in(Language::en), reply, 200);
    EXPECT_FALSE(holds(last, "?after="));
    EXPECT_TRUE(holds(last, "First page"));
}

TEST(View, ShowsAKeyWithItsSwitchesAndRequest) {
    contract::ActivateLicenceReply request;
    request.text = "-----LICD REQUEST 1-----";
    request.file = "4410-0093-7721.lreq";
    request.vendor = "keys@example.com";
    const std::string page = key_page(view_in(Language::en), key(), request);
    EXPECT_TRUE(holds(page, "works, the machine has changed"));
    EXPECT_TRUE(holds(page, "81 %"));
    EXPECT_TRUE(holds(page, "name=\"enabled\" type=\"checkbox\" value=\"yes\" checked"));
    EXPECT_TRUE(holds(page, "name=\"no_code\""));
    EXPECT_TRUE(holds(page, "-----LICD REQUEST 1-----"));
    EXPECT_TRUE(holds(page, "4410-0093-7721.lreq"));
    EXPECT_TRUE(holds(page, "keys@example.com"));
}

TEST(View, SaysWhyAKeyStandsSoInEachLanguage) {
    using contract::LicenceKeyReason;
    contract::LicenceKey one = key();
    one.text = "2 of 5 parts are gone";
    EXPECT_TRUE(
        holds(key_page(view_in(Language::ru), one, {}), "<dt>Причина</dt><dd lang=\"en\">"));
    one.reason = LicenceKeyReason::dongle_missing;
    one.left_s = 3 * 86'400;
    one.device = "dongle1";
    for (const Language language : {Language::en, Language::ru, Language::pl}) {
        const std::string page = key_page(view_in(language), one, {});
        EXPECT_TRUE(holds(page, text_of(language, one.reason)));
        EXPECT_TRUE(holds(page, "2 of 5 parts are gone"));
        EXPECT_TRUE(holds(page, duration_text(language, 3 * 86'400'000LL)));
        EXPECT_TRUE(holds(page, "dongle1"));
        EXPECT_TRUE(holds(page, "<svg class=\"barcode\""));
    }
    for (std::int64_t reason = 2; reason <= 11; ++reason) {
        EXPECT_NE(text_of(Language::pl, static_cast<LicenceKeyReason>(reason)), "") << reason;
    }
}

TEST(View, ShowsASettingWithItsBoundsSourceAndRestart) {
    SettingsForm form;
    form.reply.file = "/etc/tillhost/licd.toml";
    contract::LicenceSetting one;
    one.name = "times.lease_s";
    one.value = "700";
    one.normal = "600";
    one.min = 70;
    one.max = 86'400;
    one.source = contract::LicenceSettingSource::panel;
    one.needs_restart = true;
    form.reply.settings.push_back(one);
    one = {};
    one.name = "web.on";
    one.value = one.normal = "yes";
    one.choices = {"yes", "no"};
    one.source = contract::LicenceSettingSource::file;
    form.reply.settings.push_back(one);
    one.name = "web.listen";
    one.choices.clear();
    one.changeable = false;
    form.reply.settings.push_back(one);
    const std::string page = settings_page(view_in(Language::en), form);
    EXPECT_TRUE(holds(page, "type=\"number\" required min=\"70\" max=\"86400\" value=\"700\""));
    EXPECT_TRUE(holds(page, "70 to 86400."));
    EXPECT_TRUE(holds(page, "Default: 600."));
    EXPECT_TRUE(holds(page, "Set here or by tillctl."));
    EXPECT_TRUE(holds(page, "name=\"forget.times.lease_s\""));
    EXPECT_TRUE(holds(page, "next start of licd"));
    EXPECT_TRUE(holds(page, "<option value=\"yes\" selected>yes</option>"));
    EXPECT_FALSE(holds(page, "name=\"set.web.listen\""));
    EXPECT_TRUE(holds(page, "only in the file"));
    EXPECT_TRUE(holds(settings_page(view_in(Language::ru), form), ">да</option>"));
}

TEST(View, AsksBeforeTheDefaultsComeBack) {
    contract::LicenceSettingsReply now;
    contract::LicenceSetting& one = now.settings.emplace_back();
    one.name = "times.lease_s";
    one.value = "700";
    one.source = contract::LicenceSettingSource::panel;
    contract::LicenceSettingsReply then = now;
    then.settings[0].value = "500";
    then.settings[0].source = contract::LicenceSettingSource::file;
    const std::string page = defaults_page(view_in(Language::en), now, then);
    EXPECT_TRUE(holds(page, "<td>700</td><td>500</td><td>From the file.</td>"));
    EXPECT_TRUE(holds(page, "name=\"sure\" type=\"checkbox\""));
    now.settings[0].source = contract::LicenceSettingSource::file;
    EXPECT_TRUE(holds(defaults_page(view_in(Language::en), now, then), "Nothing is set here"));
}

TEST(View, TellsTimeShortly) {
    EXPECT_EQ(duration_text(Language::en, 41'000), "41 s");
    EXPECT_EQ(duration_text(Language::pl, 2 * 60'000), "2 min");
    EXPECT_EQ(duration_text(Language::ru, 26 * 3'600'000LL), "1 д 2 ч");
}

}  // namespace
}  // namespace tillhost::licd::web
