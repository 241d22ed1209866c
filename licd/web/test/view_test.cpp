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
            settings_page(view, kEvil, {{kEvil, kEvil, kEvil}}),
            sign_in_page(view),
            set_up_page(view, kEvil),
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

TEST(View, TellsTimeShortly) {
    EXPECT_EQ(duration_text(Language::en, 41'000), "41 s");
    EXPECT_EQ(duration_text(Language::pl, 2 * 60'000), "2 min");
    EXPECT_EQ(duration_text(Language::ru, 26 * 3'600'000LL), "1 д 2 ч");
}

}  // namespace
}  // namespace tillhost::licd::web
