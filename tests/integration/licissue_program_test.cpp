// Claim: licissue's exit status, JSON and files are those that scripts rely on, and killed at any
// moment it never answers two machines with one PIN. Shown with the real program in a new folder.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "hal/os/files.h"
#include "licd/keys/activation.h"
#include "tests/integration/run_program.h"

namespace tillhost {
namespace {

using support::Ran;
namespace keys = licd::keys;

constexpr std::size_t kFileBytesMax = 1U << 20U;

class LicissueProgram : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "licissue.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        loop_ = MUST(os::EventLoop::create(clock_));
        const Ran made = run({"init", path("vendor"), "--name", "Example", "--product", "till"});
        ASSERT_EQ(made.exit, 0) << made.err;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string text(const std::string& name) const {
        const auto bytes = os::read_file(path(name), kFileBytesMax);
        return bytes ? base::string_of(*bytes) : "";
    }
    Ran run(std::vector<std::string> words, const std::string& program = LICISSUE_PROGRAM) {
        return support::run_program(*loop_, clock_, program, std::move(words));
    }
    Ran in_folder(std::vector<std::string> words) {
        words.insert(words.begin(), {"--dir", path("vendor")});
        return run(std::move(words));
    }
    /// A key of one PIN; the PIN.
    std::string make_key(const std::string& serial) {
        const Ran made = in_folder({"--json", "key", "new", "--product", "till", "--line",
                                    "name=till.base count=3", "--serial", serial, "--out",
                                    path(serial + ".dongle")});
        EXPECT_EQ(made.exit, 0) << made.err;
        const std::string before = "\"pins\":[\"";
        return made.out.substr(made.out.find(before) + before.size(), 19);
    }
    /// The request of a machine with that disk, as a file of that name.
    void request(const std::string& name, const std::string& serial, const std::string& pin,
                 const std::string& disk) const {
        const auto server = os::SigningKey::make();
        const auto typed = keys::Pin::read(pin);
        ASSERT_TRUE(typed) << pin;
        const keys::Traits traits{
            keys::make_trait(keys::TraitKind::disk, {disk}, ""),
            keys::make_trait(keys::TraitKind::machine_id, {"id-" + disk}, "")};
        const keys::RequestContent content{.id = std::string(31, '0') + disk.back(),
                                           .serial = serial,
                                           .key_id = std::string(32, '0'),
                                           .revision = 1,
                                           .slot = 1,
                                           .made_s = 1'780'000'000,
                                           .software = "licd-1.0",
                                           .nonce = std::string(32, '0'),
                                           .traits = keys::digests_of(serial, traits),
                                           .server = server.public_key()};
        const auto written = keys::write_request(content, typed->key_for(serial, 1), server);
        ASSERT_TRUE(written);
        ASSERT_TRUE(os::write_atomically(path(name), base::bytes_of(*written)));
    }

    std::string folder_;
    os::SystemClock clock_;
    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(LicissueProgram, AnswersOneMachineAPin) {
    const std::string pin = make_key("AAAA-0001");
    request("a.lreq", "AAAA-0001", pin, "disk-a");
    request("b.lreq", "AAAA-0001", pin, "disk-b");
    const Ran first = in_folder({"answer", path("a.lreq"), "--out", path("a.lact")});
    EXPECT_EQ(first.exit, 0) << first.err;
    EXPECT_NE(first.out.find("revision: 2"), std::string::npos);
    const Ran other = in_folder({"answer", path("b.lreq"), "--out", path("b.lact")});
    EXPECT_EQ(other.exit, 1);
    EXPECT_NE(other.err.find("pin_spent"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(path("b.lact")));
    const Ran shown = in_folder({"--json", "show", path("a.lact")});
    EXPECT_EQ(shown.exit, 0);
    EXPECT_NE(shown.out.find("\"file\":\"answer\""), std::string::npos);
}

TEST_F(LicissueProgram, AnAnswerThatCouldNotBeWrittenIsTheSameWhenAskedAgain) {
    const std::string pin = make_key("AAAA-0001");
    request("a.lreq", "AAAA-0001", pin, "disk-a");
    EXPECT_EQ(in_folder({"answer", path("a.lreq"), "--out", path("none/a.lact")}).exit, 1);
    EXPECT_EQ(in_folder({"answer", path("a.lreq"), "--out", path("1.lact")}).exit, 0);
    const Ran again = in_folder({"answer", path("a.lreq"), "--out", path("2.lact")});
    EXPECT_NE(again.out.find("repeated: yes"), std::string::npos);
    EXPECT_EQ(text("1.lact"), text("2.lact"));
    const std::string journal = in_folder({"journal"}).out;
    EXPECT_NE(journal.find("4 ANSWER"), std::string::npos);
    EXPECT_EQ(journal.find("5 "), std::string::npos);
}

TEST_F(LicissueProgram, KilledAtAnyMomentItAnswersOneMachineAPin) {
    const std::string pin = make_key("AAAA-0001");
    request("a.lreq", "AAAA-0001", pin, "disk-a");
    request("b.lreq", "AAAA-0001", pin, "disk-b");
    for (int turn = 1; turn <= 40; ++turn) {
        const std::string which = turn % 2 == 0 ? "a" : "b";
        run({"-s", "KILL", "0.0" + std::to_string(10 + turn), LICISSUE_PROGRAM, "--dir",
             path("vendor"), "answer", path(which + ".lreq"), "--out",
             path(which + std::to_string(turn) + ".lact")},
            "/usr/bin/timeout");
    }
    const Ran last_a = in_folder({"answer", path("a.lreq"), "--out", path("a.lact")});
    const Ran last_b = in_folder({"answer", path("b.lreq"), "--out", path("b.lact")});
    EXPECT_EQ(last_a.exit + last_b.exit, 1) << last_a.err << last_b.err;
    const std::string winner = last_a.exit == 0 ? "a" : "b";
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
        const std::string name = file.path().filename().string();
        if (name.ends_with(".lact")) {
            EXPECT_EQ(name.substr(0, 1), winner) << name;
            EXPECT_EQ(text(name), text(winner + ".lact")) << name;
        }
    }
}

TEST_F(LicissueProgram, AKeyThatCouldNotBeWrittenIsToldWhereItIs) {
    const Ran made = in_folder({"--json", "key", "new", "--product", "till", "--line", "name=a",
                                "--out", path("none/a.dongle")});
    EXPECT_EQ(made.exit, 0) << made.err;  // its PINs are told here and nowhere else
    const std::string before = "\"written\":\"" + folder_ + "/";
    const auto at = made.out.find(before);
    ASSERT_NE(at, std::string::npos) << made.out;
    const auto begins = at + before.size();
    EXPECT_NE(text(made.out.substr(begins, made.out.find('"', begins) - begins))
                  .find("-----LICD KEY 1-----"),
              std::string::npos);
    EXPECT_NE(made.out.find("none/a.dongle could not be written"), std::string::npos);
}

TEST_F(LicissueProgram, RevokesAndTellsOfIt) {
    make_key("AAAA-0001");
    EXPECT_EQ(in_folder({"revoke", "BBBB-0001", "--out", path("r.lrev")}).exit, 1);
    const Ran done = in_folder({"revoke", "AAAA-0001", "--out", path("r.lrev")});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_NE(in_folder({"show", path("r.lrev")}).out.find("AAAA-0001"), std::string::npos);
    EXPECT_NE(in_folder({"list"}).out.find("revoked: yes"), std::string::npos);
}

TEST_F(LicissueProgram, AWrongCommandLineIsTwoAndAFailureOne) {
    EXPECT_EQ(run({}).exit, 2);
    EXPECT_EQ(run({"sing"}).exit, 2);
    EXPECT_EQ(in_folder({"key", "new", "--product", "till"}).exit, 2);
    EXPECT_EQ(run({"--help"}).exit, 0);
    EXPECT_EQ(run({"key", "new", "--help"}).exit, 0);
    const Ran failed = run({"--json", "--dir", path("none"), "list"});
    EXPECT_EQ(failed.exit, 1);
    EXPECT_NE(failed.err.find("{\"error\":\"wrong_state\""), std::string::npos);
}

TEST_F(LicissueProgram, APassphraseGuardsTheKeys) {
    ASSERT_TRUE(os::write_atomically(path("right"), base::bytes_of("correct horse\n"), 0600));
    ASSERT_TRUE(os::write_atomically(path("wrong"), base::bytes_of("wrong horse\n"), 0600));
    const std::string other = path("other");
    const std::vector<std::string> made{
        "init", other, "--name", "Other", "--product", "till", "--passphrase-file", path("right")};
    EXPECT_NE(run(made).out.find("protected: yes"), std::string::npos);
    for (const auto& [file, exit] : std::map<std::string, int>{{"right", 0}, {"wrong", 1}}) {
        EXPECT_EQ(run({"--dir", other, "--passphrase-file", path(file), "key", "new", "--product",
                       "till", "--line", "name=a", "--out", path(file + ".dongle")})
                      .exit,
                  exit);
    }
}

}  // namespace
}  // namespace tillhost
