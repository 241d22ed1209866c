// Claim: the verbs "tillctl licence …" ask licd for what was typed, tell people what came of it in
// their language, keep codes off the screen, and end with the status that says what went wrong.
// Shown on command lines, over a licd that answers from a list, and on the texts.
#include "ipc/client/tillctl/licence.h"

#include "ipc/client/tillctl/test/licence_rig.h"

namespace tillhost::tillctl {
namespace {

TEST(LicenceArguments, RefuseWhatIsWrongAndSayWhy) {
    const std::pair<std::vector<const char*>, std::string> mistakes[] = {
        {{},
         "one of: keys, connections, load, activate, free, set, remove, traits, settings, acts, "
         "logs"},
        {{"load"}, "FILE is missing"},
        {{"activate", kSerial}, "PIN is missing"},
        {{"free"}, "either the NUMBER"},
        {{"free", "17", "--all"}, "either the NUMBER"},
        {{"free", "0"}, "NUMBER: a whole number from 1"},
        {{"set", kSerial}, "at least one"},
        {{"set", kSerial, "--on", "--off"}, "--on or --off"},
        {{"set", kSerial, "--code", "x", "--no-code"}, "--code or --no-code"},
        {{"set", kSerial, "--code", ""}, "--no-code"},
        {{"remove"}, "SERIAL is missing"},
        {{"settings", "--set", "times.lease_s"}, "NAME=VALUE"},
        {{"settings", "--set", "=1"}, "NAME=VALUE"},
        {{"settings", "--check"}, "--check goes with"},
        {{"acts", "--limit", "501"}, "501"},
        {{"logs"}, "--out"},
        {{"keys", "--host", "shop"}, "--host does not go with licence"}};
    for (const auto& [words, said] : mistakes) {
        const auto parsed = parse(words);
        const auto* wrong = std::get_if<Explanation>(&parsed);
        ASSERT_TRUE(wrong != nullptr && !wrong->is_help) << said;
        EXPECT_NE(wrong->text.find(said), std::string::npos) << said << " in " << wrong->text;
    }
}

TEST_F(LicenceTest, ShowsEachKeyWithItsStateInWords) {
    contract::LicenceKeysReply keys;
    keys.keys = {key_in(contract::LicenceKeyState::active),
                 key_in(contract::LicenceKeyState::grace)};
    keys.keys[1].enabled = false;
    keys.keys[1].has_code = true;
    keys.keys[1].text = "the main board is another one";
    licd_.answer(RequestKind::licence_keys, keys);
    EXPECT_EQ(run_words({"keys"}), Exit::done);
    EXPECT_TRUE(told("state         in order\n")) << console_.told;
    EXPECT_TRUE(
        told("  LICENCE    SEATS  USED  WAIT  A SEAT IS FOR        LAST DAY    VERSIONS\n"
             "  till.base  20     3     0     one running program  2027-12-31  all\n"))
        << console_.told;
    EXPECT_TRUE(told("SWITCHED OFF here: tillctl licence set 4410-0093-7721 --on; else: WORKS FOR"))
        << console_.told;
    EXPECT_TRUE(told("reason        the main board is another one\n")) << console_.told;
    EXPECT_TRUE(told("only programs that know it see the key")) << console_.told;
}

TEST_F(LicenceTest, PrintsTheReplyOfTheContractAsJson) {
    contract::LicenceKeysReply keys;
    keys.keys = {key_in(contract::LicenceKeyState::unbound)};
    licd_.answer(RequestKind::licence_keys, keys);
    EXPECT_EQ(run_words({"keys", "--json"}), Exit::done);
    const Value tree = MUST(ipc::from_json(console_.told));
    const auto* list = tree.find("keys")->get_if<Value::Array>();
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(*list->front().find("state")->get_if<std::string>(), "unbound");
}

TEST_F(LicenceTest, ShowsWhoHasWhatPageAfterPage) {
    contract::LicenceConnectionsReply first;
    for (std::int64_t number = 1; number <= 500; ++number) {
        first.connections.push_back(connection(number));
    }
    contract::LicenceConnectionsReply second;
    second.connections = {connection(501)};
    second.connections[0].user = "Łukasz";
    second.connections[0].computer = "a\nb";
    first.total = second.total = 501;
    licd_.answer(RequestKind::licence_connections, first);
    licd_.answer(RequestKind::licence_connections, second);
    EXPECT_EQ(run_words({"connections"}), Exit::done);
    ASSERT_EQ(licd_.asked.size(), 2U);
    EXPECT_EQ(MUST(contract::from_value<contract::LicenceConnectionsRequest>(licd_.asked[1].second))
                  .after,
              500);
    EXPECT_TRUE(told("501     till.base  1     in use  Łukasz  a?b       till ")) << console_.told;
    EXPECT_TRUE(told("  90 s     4410-0093-7721\n")) << console_.told;
    EXPECT_EQ(std::count(console_.told.begin(), console_.told.end(), '\n'), 502)
        << "a heading and a row each, whatever the names hold";
}

TEST_F(LicenceTest, SaysThatNobodyHasALicence) {
    licd_.answer(RequestKind::licence_connections, contract::LicenceConnectionsReply{});
    EXPECT_EQ(run_words({"connections"}), Exit::done);
    EXPECT_EQ(console_.told, "nobody has a licence\n");
}

TEST_F(LicenceTest, LoadsAFileOfTheVendorAndSaysWhatIsNext) {
    const std::string path = folder_ + "/key.dongle";
    ASSERT_TRUE(os::write_atomically(path, base::bytes_of("-----LICD KEY 1-----\n…")));
    licd_.answer(RequestKind::load_licence_file, key_in(contract::LicenceKeyState::unbound));
    EXPECT_EQ(run_words({"load", path.c_str()}), Exit::done);
    EXPECT_EQ(asked<contract::LicenceKeyText>().text, "-----LICD KEY 1-----\n…");
    EXPECT_TRUE(told("tillctl licence activate 4410-0093-7721 PIN")) << console_.told;
}

TEST_F(LicenceTest, LoadsNoOtherFile) {
    const std::string path = folder_ + "/photo.jpg";
    ASSERT_TRUE(os::write_atomically(path, base::bytes_of("\xFF\xD8")));
    EXPECT_EQ(run_words({"load", path.c_str()}), Exit::usage);
    EXPECT_TRUE(complained("FILE: a file of the vendor")) << console_.complained;
    EXPECT_EQ(run_words({"load", (folder_ + "/absent").c_str()}), Exit::usage);
    EXPECT_TRUE(complained("/absent")) << console_.complained;
    EXPECT_TRUE(licd_.asked.empty());
}

TEST_F(LicenceTest, WritesTheRequestOfAnActivationAndSaysWhatToDoWithIt) {
    licd_.answer(RequestKind::activate_licence,
                 contract::ActivateLicenceReply{"-----LICD REQUEST 1-----\n", "x.lreq", "a@b.ru"});
    const std::string path = folder_ + "/r.lreq";
    EXPECT_EQ(run_words({"activate", kSerial, "K7Q2", "--save", path.c_str()}), Exit::done);
    EXPECT_EQ(asked<contract::ActivateLicenceRequest>().pin, "K7Q2");
    EXPECT_EQ(base::string_of(MUST(os::read_file(path, 100))), "-----LICD REQUEST 1-----\n");
    EXPECT_TRUE(told(path)) << console_.told;
    EXPECT_TRUE(told("a@b.ru")) << console_.told;
    EXPECT_TRUE(told("tillctl licence load FILE.lact")) << console_.told;
}

TEST_F(LicenceTest, WritesTheRequestAloneToStandardOutput) {
    licd_.answer(RequestKind::activate_licence,
                 contract::ActivateLicenceReply{"-----LICD REQUEST 1-----\n", "x.lreq", ""});
    console_.typed = {"K7Q2"};
    EXPECT_EQ(run_words({"activate", kSerial, "-", "--save", "-"}), Exit::done);
    EXPECT_EQ(asked<contract::ActivateLicenceRequest>().pin, "K7Q2");
    EXPECT_TRUE(console_.saw_secrets);
    EXPECT_EQ(console_.told, "-----LICD REQUEST 1-----\n");
    EXPECT_TRUE(complained("Send it to the vendor")) << console_.complained;
}

TEST_F(LicenceTest, FreesOneOrAll) {
    licd_.answer(RequestKind::free_licences, contract::FreeLicencesReply{1});
    EXPECT_EQ(run_words({"free", "17"}), Exit::done);
    EXPECT_EQ(asked<contract::FreeLicencesRequest>().number, 17);
    EXPECT_TRUE(told("when its program has heard of it")) << console_.told;
    licd_.asked.clear();
    EXPECT_EQ(run_words({"free", "--all", "--accept-double-use"}), Exit::done);
    const auto all = asked<contract::FreeLicencesRequest>();
    EXPECT_EQ(all.number, 0);
    EXPECT_TRUE(all.accept_double_use);
    EXPECT_TRUE(told("may work on until the end that was promised")) << console_.told;
}

TEST_F(LicenceTest, SaysWhereTheNumbersStandWhenOneIsNotHeld) {
    licd_.error = make_error(ErrorCode::lease_gone, "number: no lease 17 is held");
    EXPECT_EQ(run_words({"free", "17"}), Exit::failed);
    EXPECT_TRUE(complained("tillctl licence connections")) << console_.complained;
}

TEST_F(LicenceTest, ChangesOfAKeyWhatWasSaidAndNothingElse) {
    licd_.answer(RequestKind::set_licence_key, key_in(contract::LicenceKeyState::active));
    EXPECT_EQ(run_words({"set", kSerial, "--off"}), Exit::done);
    EXPECT_EQ(asked<contract::SetLicenceKeyRequest>(),
              (contract::SetLicenceKeyRequest{kSerial, false, std::nullopt}));
    licd_.asked.clear();
    EXPECT_EQ(run_words({"set", kSerial, "--no-code"}), Exit::done);
    EXPECT_EQ(asked<contract::SetLicenceKeyRequest>(),
              (contract::SetLicenceKeyRequest{kSerial, std::nullopt, ""}));
}

TEST_F(LicenceTest, TakesACodeThatIsTypedUnseenTwice) {
    licd_.answer(RequestKind::set_licence_key, key_in(contract::LicenceKeyState::active));
    console_.typed = {"s3cret", "s3cert"};
    EXPECT_EQ(run_words({"set", kSerial, "--code", "-"}), Exit::usage);
    EXPECT_TRUE(complained("CODE: the two are not the same")) << console_.complained;
    EXPECT_TRUE(licd_.asked.empty());
    console_.typed = {"s3cret", "s3cret"};
    EXPECT_EQ(run_words({"set", kSerial, "--code", "-"}), Exit::done);
    EXPECT_EQ(asked<contract::SetLicenceKeyRequest>().access_code, "s3cret");
    EXPECT_TRUE(console_.saw_secrets);
    EXPECT_FALSE(told("s3cret"));
}

TEST_F(LicenceTest, TakesACodeFromStandardInputOnceWithoutAPrompt) {
    licd_.answer(RequestKind::set_licence_key, key_in(contract::LicenceKeyState::active));
    console_.is_terminal = false;
    console_.typed = {"s3cret"};
    EXPECT_EQ(run_words({"set", kSerial, "--code", "-"}), Exit::done);
    EXPECT_EQ(asked<contract::SetLicenceKeyRequest>().access_code, "s3cret");
    EXPECT_EQ(console_.prompts, "");
    EXPECT_EQ(run_words({"set", kSerial, "--code", "-"}), Exit::usage) << "nothing was typed";
}

TEST_F(LicenceTest, RemovesAKey) {
    licd_.answer(RequestKind::remove_licence_key, contract::LicenceKeysReply{});
    EXPECT_EQ(run_words({"remove", kSerial}), Exit::done);
    EXPECT_EQ(asked<contract::LicenceKeyRequest>().serial, kSerial);
    EXPECT_TRUE(told("the key 4410-0093-7721 is taken away")) << console_.told;
}

TEST_F(LicenceTest, SaysWhetherTheMachineIsKnownWellEnough) {
    contract::LicenceTraitsReply traits;
    traits.traits = {{"disk", 25, {"a", "b"}, ""}, {"board", 0, {}, "readable by root only"}};
    traits.strength = 25;
    licd_.answer(RequestKind::licence_traits, traits);
    EXPECT_EQ(run_words({"traits"}), Exit::done);
    EXPECT_TRUE(told("system disk     2      25\n")) << console_.told;
    EXPECT_TRUE(told("main board      0      0       readable by root only\n")) << console_.told;
    EXPECT_TRUE(told("together 25: WEAK, below 40")) << console_.told;
}

TEST_F(LicenceTest, NamesLicdWhenItDoesNotRun) {
    connector_.is_absent = true;
    EXPECT_EQ(run_words({"keys", "--endpoint", "ipc:///x/licd.sock"}), Exit::no_daemon);
    EXPECT_TRUE(complained("nobody answers at ipc:///x/licd.sock")) << console_.complained;
    EXPECT_TRUE(complained("systemctl status licd")) << console_.complained;
    EXPECT_FALSE(complained("devd")) << console_.complained;
}

TEST_F(LicenceTest, EndsWithTheStatusOfWhatWentWrong) {
    const std::tuple<ErrorCode, std::string, Exit> cases[] = {
        {ErrorCode::bad_field, "pin: 16 characters", Exit::usage},
        {ErrorCode::pin_wrong, "pin", Exit::failed},
        {ErrorCode::licence_unknown, "serial: there is no key", Exit::failed},
        {ErrorCode::not_permitted, "for role administrator", Exit::failed},
        {ErrorCode::unknown_kind, "", Exit::failed},
        {ErrorCode::link_lost, "", Exit::failed}};
    for (const auto& [code, detail, exit] : cases) {
        licd_.error = make_error(code, detail);
        console_.complained.clear();
        console_.told.clear();
        EXPECT_EQ(run_words({"activate", kSerial, "K7Q2", "--json"}), exit) << detail;
        EXPECT_TRUE(complained(detail)) << console_.complained;
        EXPECT_FALSE(complained("devd")) << console_.complained;
        EXPECT_TRUE(told("\"error\"")) << console_.told;
    }
}

TEST(LicenceTexts, TellEachStateInEachLanguage) {
    using contract::LicenceKeyState;
    for (const Language language : kLanguages) {
        std::set<std::string> told;
        for (const LicenceKeyState state :
             {LicenceKeyState::unbound, LicenceKeyState::active, LicenceKeyState::degraded,
              LicenceKeyState::grace, LicenceKeyState::clock_suspect, LicenceKeyState::expired,
              LicenceKeyState::revoked, LicenceKeyState::blocked}) {
            told.insert(licence_key_text(language, key_in(state)));
        }
        EXPECT_EQ(told.size(), 8U);
    }
}

TEST(LicenceTexts, SayWhatToDoOfAKeyThatGivesNothing) {
    using Reason = contract::LicenceKeyReason;
    using State = contract::LicenceKeyState;
    contract::LicenceKey key = key_in(State::blocked);
    const auto told = [&](State state, Reason reason) {
        key.state = state;
        key.reason = reason;
        return licence_key_text(Language::english, key);
    };
    EXPECT_NE(told(State::blocked, Reason::machine_changed).find("with another PIN"),
              std::string::npos);
    EXPECT_NE(told(State::blocked, Reason::other_server).find("with the same PIN"),
              std::string::npos);
    EXPECT_NE(told(State::grace, Reason::machine_changed).find("with another PIN"),
              std::string::npos);
    EXPECT_NE(told(State::blocked, Reason::list_missing).find("for this reason\n"),
              std::string::npos);
    EXPECT_NE(told(State::active, Reason::none).find("\nPINs "), std::string::npos);
    key.kind = contract::LicenceKeyKind::token;
    for (const Reason reason : {Reason::dongle_missing, Reason::dongle_refuses}) {
        for (const State state : {State::blocked, State::grace}) {
            EXPECT_NE(told(state, reason).find("plug it in\n"), std::string::npos);
            EXPECT_EQ(told(state, reason).find("PIN"), std::string::npos) << "it has none";
        }
    }
}

TEST(LicenceTexts, CompareNoKeyWithTheMachineThatIsRefusedForAnotherReason) {
    contract::LicenceKey key = key_in(contract::LicenceKeyState::degraded);
    key.score = 70;
    EXPECT_NE(licence_key_text(Language::english, key).find("70 % of"), std::string::npos);
    key.state = contract::LicenceKeyState::revoked;
    key.score = 0;
    EXPECT_EQ(licence_key_text(Language::english, key).find("bound to"), std::string::npos);
}

TEST(LicenceTexts, StandInColumnsWhateverTheLanguage) {
    contract::LicenceConnectionsReply reply;
    reply.connections = {connection(1), connection(22'000)};
    reply.connections[1].user = "Żółć";
    for (const Language language : kLanguages) {
        const std::string told = licence_connections_text(language, reply);
        std::set<std::size_t> columns;  // where the key's serial begins
        std::size_t begin = told.find('\n') + 1;
        while (begin < told.size()) {
            const std::size_t end = told.find('\n', begin);
            const std::string line = told.substr(begin, end - begin);
            columns.insert(base::utf8_length(line.substr(0, line.find(kSerial))));
            begin = end + 1;
        }
        EXPECT_EQ(columns.size(), 1U) << told;
    }
}

}  // namespace
}  // namespace tillhost::tillctl
