// Claim: what the vendor gives out is in its journal, an answer goes to one machine only, and what
// was cut off gives the same file again. Shown in a folder of the file system on a fake clock.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "hal/os/fake/fake_clock.h"
#include "licd/issuer/acts.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::issuer {
namespace {

using base::ErrorCode;
using keys::TraitKind;

template <class T>
T taken(base::Result<T> made) {
    EXPECT_TRUE(made.has_value()) << base::to_text(made.error());
    return std::move(made).value();
}
template <class T>
ErrorCode code_of(const base::Result<T>& result) {
    return result ? ErrorCode::unspecified : result.error().code;
}

class OnePassphrase final : public PassphraseSource {
public:
    base::Result<os::SecretBytes> passphrase(const std::string&, bool) override {
        return os::SecretBytes(base::bytes_of(text));
    }
    std::string text;
};

class IssuerTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "issuer.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name + "/vendor";
        taken(make_vendor(path_, {"Example", {"till"}}, means_));
    }
    void TearDown() override {
        std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
    }

    VendorFolder open() const { return taken(VendorFolder::open(path_)); }
    os::Certificate root() const { return taken(load_certificate(path_ + "/root.crt")); }
    MadeKey key(int slots = 2) {
        VendorFolder folder = open();
        NewKey wanted;
        wanted.product = "till";
        wanted.slots = slots;
        wanted.lines = {taken(keys::licence_line_from_words("name=till.base count=5"))};
        return taken(make_key(folder, wanted, means_));
    }
    static keys::Traits machine(const std::string& disk) {
        return {keys::make_trait(TraitKind::disk, {disk}, ""),
                keys::make_trait(TraitKind::machine_id, {"mid-of-" + disk}, ""),
                keys::make_trait(TraitKind::host, {"kassa-1"}, "")};
    }
    std::string request(const MadeKey& made, const std::string& disk, std::size_t pin = 0) {
        const keys::KeyFile blank = taken(keys::read_key(made.text, root()));
        const keys::Pin typed = taken(keys::Pin::read(made.pins.at(pin)));
        const int slot = taken(keys::slot_of(blank, typed));
        const keys::RequestContent content{
            .id = fmt::format("{:032x}", ++requests_),
            .serial = blank.content.serial,
            .key_id = blank.content.id,
            .revision = 1,
            .slot = slot,
            .made_s = blank.content.issued_s,
            .software = "licd-1.0",
            .nonce = std::string(32, '0'),
            .traits = keys::digests_of(blank.content.serial, machine(disk)),
            .server = server_.public_key()};
        return taken(
            keys::write_request(content, typed.key_for(blank.content.serial, slot), server_));
    }
    static NewRevocation serial(const std::string& text) {
        NewRevocation wanted;
        wanted.serial = text;
        return wanted;
    }
    base::Result<Answer> answer(const std::string& text) {
        VendorFolder folder = open();
        return answer_request(folder, text, means_);
    }

    std::string path_;
    os::FakeClock clock_;
    OnePassphrase passphrase_;
    std::uint64_t random_ = 1;
    std::uint64_t requests_ = 0;
    os::SigningKey server_ = os::SigningKey::make();
    Means means_{clock_, [this] { return random_ += 0x9E3779B97F4A7C15; }, passphrase_};
};

TEST_F(IssuerTest, KeepsItsSecretsToItsUser) {
    for (const char* file : {"/root.key", "/journal"}) {
        struct stat state {};
        ASSERT_EQ(::stat((path_ + file).c_str(), &state), 0);
        EXPECT_EQ(state.st_mode & 0777U, 0600U) << file;
    }
    struct stat state {};
    ASSERT_EQ(::stat(path_.c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777U, 0700U);
}

TEST_F(IssuerTest, AFolderHasOneVendorAndOneUser) {
    EXPECT_EQ(code_of(make_vendor(path_, {"Other", {"till"}}, means_)), ErrorCode::wrong_state);
    const VendorFolder folder = open();
    EXPECT_EQ(code_of(VendorFolder::open(path_)), ErrorCode::already_running);
    EXPECT_EQ(code_of(VendorFolder::open(path_ + "/none")), ErrorCode::wrong_state);
}

TEST_F(IssuerTest, AKeyIsReadByWhoeverHasTheRoot) {
    const MadeKey made = key(3);
    const keys::KeyFile read = taken(keys::read_key(made.text, root()));
    EXPECT_EQ(read.content.serial, made.serial);
    EXPECT_EQ(made.pins.size(), 3U);
    EXPECT_EQ(open().acts().find(made.serial)->record.slots, 3);
}

TEST_F(IssuerTest, NoPinIsKeptAnywhere) {
    const MadeKey made = key();
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_)) {
        if (!file.is_regular_file()) {
            continue;
        }
        std::ifstream in(file.path());
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        EXPECT_EQ(text.find(made.pins[0]), std::string::npos) << file.path();
    }
}

TEST_F(IssuerTest, AProductOfNobodyIsRefusedAndNotRecorded) {
    VendorFolder folder = open();
    NewKey wanted;
    wanted.product = "bank";
    wanted.lines = {taken(keys::licence_line_from_words("name=a"))};
    const auto made = make_key(folder, wanted, means_);
    EXPECT_EQ(code_of(made), ErrorCode::bad_field);
    EXPECT_NE(made.error().detail.find("may sign: till; not bank"), std::string::npos)
        << made.error().detail;
    EXPECT_TRUE(folder.acts().keys().empty());
    const auto renewed = renew_issuer(folder, folder.root_key_path(), {"till", "bank"}, means_);
    EXPECT_EQ(code_of(renewed), ErrorCode::bad_field);
    EXPECT_NE(renewed.error().detail.find("one of the root's: till; not bank"), std::string::npos)
        << renewed.error().detail;
}

TEST_F(IssuerTest, AKeyThatWouldBeOfNoUseIsNotMade) {
    VendorFolder folder = open();
    const auto refused = [&](const std::vector<std::string>& lines, int slots,
                             const std::string& serial) {
        NewKey wanted;
        wanted.product = "till";
        wanted.serial = serial;
        wanted.slots = slots;
        for (const std::string& line : lines) {
            wanted.lines.push_back(taken(keys::licence_line_from_words(line)));
        }
        const auto made = make_key(folder, wanted, means_);
        EXPECT_EQ(code_of(made), ErrorCode::bad_field);
        return made ? std::string() : made.error().detail;
    };
    const std::int64_t today = clock_.unix_ms() / 1000;
    const std::string yesterday = "name=b until=" + keys::day_to_text(today - keys::kDayS);
    EXPECT_NE(refused({"name=a", yesterday}, 1, "AAAA-1").find("until of b"), std::string::npos);
    EXPECT_NE(refused({"name=a", "name=a count=1"}, 1, "AAAA-1").find("a stands twice"),
              std::string::npos);
    EXPECT_NE(refused({"name=a"}, 0, "AAAA-1").find("slots"), std::string::npos);
    EXPECT_NE(refused({"name=a"}, 1, "a-1").find("serial: 4 to 40"), std::string::npos);
    EXPECT_TRUE(folder.acts().keys().empty());
    NewKey wanted;
    wanted.product = "till";
    wanted.lines = {
        taken(keys::licence_line_from_words("name=a until=" + keys::day_to_text(today)))};
    EXPECT_TRUE(make_key(folder, wanted, means_)) << "the last day is one";
}

TEST_F(IssuerTest, ARootKeyThatIsKeptElsewhereIsAskedForByItsOption) {
    const std::string serial = key().serial;
    VendorFolder folder = open();
    const std::string elsewhere = path_ + "/../usb.key";
    std::filesystem::rename(folder.root_key_path(), elsewhere);
    const auto done = revoke(folder, IssuerTest::serial(serial), folder.root_key_path(), means_);
    EXPECT_EQ(code_of(done), ErrorCode::bad_field);
    EXPECT_NE(done.error().detail.find("--root-key names where it is kept"), std::string::npos)
        << done.error().detail;
    EXPECT_TRUE(revoke(folder, IssuerTest::serial(serial), elsewhere, means_));
}

TEST_F(IssuerTest, AnAnswerBindsTheKey) {
    const MadeKey made = key();
    const Answer given = taken(answer(request(made, "disk-a")));
    EXPECT_FALSE(given.is_repeated);
    EXPECT_EQ(given.key.content.revision, 2);
    EXPECT_EQ(given.key.content.activation->server, server_.public_key());
    EXPECT_TRUE(keys::check_bound_here(given.key, machine("disk-a"), server_.public_key()));
}

TEST_F(IssuerTest, TheSameRequestGetsTheSameFileForEver) {
    const MadeKey made = key();
    const std::string asked = request(made, "disk-a");
    const Answer first = taken(answer(asked));
    clock_.advance(std::chrono::hours(10'000));
    VendorFolder folder = open();
    taken(renew_issuer(folder, folder.root_key_path(), {}, means_));
    const Answer again = taken(answer_request(folder, asked, means_));
    EXPECT_TRUE(again.is_repeated);
    EXPECT_EQ(again.text, first.text);
}

TEST_F(IssuerTest, TheSameMachineIsAnsweredAgainAndAnotherIsNot) {
    const MadeKey made = key();
    taken(answer(request(made, "disk-a")));
    const Answer again = taken(answer(request(made, "disk-a")));
    EXPECT_FALSE(again.is_repeated);
    EXPECT_EQ(again.key.content.revision, 3);
    const auto other = answer(request(made, "disk-b"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::pin_spent);
    EXPECT_NE(other.error().detail.find("differs: serial number of the system disk"),
              std::string::npos);
    EXPECT_EQ(taken(answer(request(made, "disk-b", 1))).key.content.activation->slot, 2);
}

TEST_F(IssuerTest, AMachineCannotBeReplacedPlankByPlank) {
    const MadeKey made = key();
    const auto asked = [&](const keys::Traits& traits) {
        const keys::RequestFile file = taken(keys::read_request(request(made, "x")));
        keys::RequestContent content = file.content;
        content.traits = keys::digests_of(made.serial, traits);
        const keys::Pin pin = taken(keys::Pin::read(made.pins[0]));
        return answer(
            taken(keys::write_request(content, pin.key_for(made.serial, content.slot), server_)));
    };
    keys::Traits traits = machine("disk-a");
    EXPECT_TRUE(asked(traits));
    traits[1] = keys::make_trait(TraitKind::machine_id, {"new"}, "");  // 35 of 55
    EXPECT_TRUE(asked(traits));
    traits[0] =
        keys::make_trait(TraitKind::disk, {"new"}, "");  // as good as the last, not the first
    EXPECT_EQ(code_of(asked(traits)), ErrorCode::pin_spent);
}

TEST_F(IssuerTest, AForeignRequestIsRefused) {
    const MadeKey made = key();
    MadeKey wrong = made;
    std::swap(wrong.pins[0], wrong.pins[1]);
    const std::string elsewhere = path_ + "2";
    taken(make_vendor(elsewhere, {"Other", {"till"}}, means_));
    VendorFolder other = taken(VendorFolder::open(elsewhere));
    EXPECT_EQ(code_of(answer_request(other, request(made, "disk-a"), means_)),
              ErrorCode::key_foreign);
    EXPECT_EQ(code_of(answer("nothing")), ErrorCode::key_damaged);
    EXPECT_EQ(code_of(answer(made.text)), ErrorCode::key_foreign);
}

TEST_F(IssuerTest, WhatWasCutOffBeforeTheJournalWasNeverGivenOut) {
    const MadeKey made = key();
    const std::string asked = request(made, "disk-a");
    taken(answer(asked));
    std::string journal = base::string_of(taken(os::read_file(path_ + "/journal", 1U << 20U)));
    journal.resize(journal.size() - 5);  // the power went while the last record was written
    ASSERT_TRUE(os::write_atomically(path_ + "/journal", base::bytes_of(journal), 0600));
    VendorFolder folder = open();
    EXPECT_TRUE(folder.journal().was_cut());
    EXPECT_TRUE(folder.acts().find(made.serial)->answers.empty());
    EXPECT_FALSE(taken(answer_request(folder, asked, means_)).is_repeated);
}

TEST_F(IssuerTest, AChangedJournalIsNotBelieved) {
    const MadeKey made = key();
    taken(answer(request(made, "disk-a")));
    const std::string journal =
        base::string_of(taken(os::read_file(path_ + "/journal", 1U << 20U)));
    for (const char* part : {"slot=1", "ANSWER", made.serial.c_str()}) {
        std::string changed = journal;
        changed.replace(changed.find(part), 1, "x");
        ASSERT_TRUE(os::write_atomically(path_ + "/journal", base::bytes_of(changed), 0600));
        EXPECT_EQ(code_of(VendorFolder::open(path_)), ErrorCode::storage_failed) << part;
    }
    const std::size_t second = journal.find('\n') + 1;
    const std::string without =
        journal.substr(0, second) + journal.substr(journal.find('\n', second) + 1);
    ASSERT_TRUE(os::write_atomically(path_ + "/journal", base::bytes_of(without), 0600));
    EXPECT_EQ(code_of(VendorFolder::open(path_)), ErrorCode::storage_failed);
}

TEST_F(IssuerTest, AKeptFileThatWasChangedIsNotGivenOut) {
    const MadeKey made = key();
    const std::string asked = request(made, "disk-a");
    taken(answer(asked));
    const std::string file = open().acts().find(made.serial)->answers.front().file;
    ASSERT_TRUE(os::write_atomically(path_ + "/files/" + file, base::bytes_of("other"), 0600));
    EXPECT_EQ(code_of(answer(asked)), ErrorCode::storage_failed);
}

TEST_F(IssuerTest, RevocationsAddUpUnderGrowingNumbers) {
    const MadeKey first = key();
    const MadeKey second = key();
    VendorFolder folder = open();
    const std::string root_key = folder.root_key_path();
    EXPECT_EQ(code_of(revoke(folder, serial("0000-0000"), root_key, means_)),
              ErrorCode::key_foreign);
    EXPECT_EQ(taken(revoke(folder, serial(first.serial), root_key, means_)).number, 1);
    const std::string issuer = folder.acts().issuers().back().id;
    NewRevocation whole_issuer;
    whole_issuer.issuer_id = issuer;
    const auto list = taken(revoke(folder, whole_issuer, root_key, means_));
    EXPECT_EQ(list.number, 2);
    EXPECT_NE(list.find(first.serial), nullptr);
    const keys::KeyFile other = taken(keys::read_key(second.text, root()));
    EXPECT_EQ(code_of(keys::check_not_revoked(other, list, clock_.unix_ms() / 1000)),
              ErrorCode::key_revoked);
    EXPECT_EQ(taken(newest_list(folder))->text, list.text);
    EXPECT_EQ(code_of(answer_request(folder, request(first, "disk-a"), means_)),
              ErrorCode::key_revoked);
}

TEST_F(IssuerTest, WithAPassphraseNothingIsSignedWithoutIt) {
    const std::string other = path_ + "3";
    passphrase_.text = "correct horse";
    EXPECT_TRUE(taken(make_vendor(other, {"Other", {"till"}}, means_)).is_protected);
    VendorFolder folder = taken(VendorFolder::open(other));
    passphrase_.text = "wrong horse";
    NewKey wanted;
    wanted.product = "till";
    wanted.lines = {taken(keys::licence_line_from_words("name=a"))};
    EXPECT_EQ(code_of(make_key(folder, wanted, means_)), ErrorCode::not_permitted);
    passphrase_.text = "correct horse";
    EXPECT_TRUE(make_key(folder, wanted, means_));
}

TEST_F(IssuerTest, AKeyFileThatOthersCanReadIsNotUsed) {
    ASSERT_EQ(::chmod((path_ + "/root.key").c_str(), 0644), 0);
    VendorFolder folder = open();
    EXPECT_EQ(code_of(renew_issuer(folder, folder.root_key_path(), {}, means_)),
              ErrorCode::not_permitted);
}

TEST_F(IssuerTest, AClockThatWasSetBackMakesNoOlderFiles) {
    const MadeKey made = key();
    const std::string asked = request(made, "disk-a");
    clock_.set_unix_ms_at_zero(1'000'000'000'000);
    EXPECT_GE(taken(answer(asked)).key.content.issued_s,
              taken(keys::read_key(made.text, root())).content.issued_s);
}

NewKey for_dongle(const os::P256Key& dongle, bool is_self = false) {
    NewKey wanted;
    wanted.product = "till";
    wanted.slots = 0;
    wanted.kind = keys::KeyKind::token;
    wanted.dongle = Attested{{.rp = "licence.example",
                              .credential = base::Bytes(64, base::byte(1)),
                              .key = dongle.public_key(),
                              .aaguid = {}},
                             is_self};
    wanted.lines = {taken(keys::licence_line_from_words("name=till.base count=5"))};
    return wanted;
}

TEST_F(IssuerTest, AKeyOfADongleSaysWhoVouchesForItInTheJournal) {
    const os::P256Key dongle = taken(os::P256Key::make());
    VendorFolder folder = open();
    const MadeKey made = taken(make_key(folder, for_dongle(dongle, true), means_));
    EXPECT_TRUE(made.pins.empty());
    const keys::KeyFile read = taken(keys::read_key(made.text, root()));
    EXPECT_EQ(read.content.token->key, dongle.public_key());
    const KeyRecord& record = folder.acts().find(made.serial)->record;
    EXPECT_EQ(record.attestation, "self");
    EXPECT_EQ(record.aaguid, std::string(32, '0'));
    NewKey with_pins = for_dongle(dongle);
    with_pins.slots = 1;
    EXPECT_EQ(code_of(make_key(folder, with_pins, means_)), ErrorCode::bad_field);
}

TEST_F(IssuerTest, AKeyOfADongleHasRevisionsAndAnotherHasNot) {
    const os::P256Key dongle = taken(os::P256Key::make());
    const auto more = std::vector{taken(keys::licence_line_from_words("name=till.base count=9"))};
    std::string serial;
    {
        VendorFolder folder = open();
        serial = taken(make_key(folder, for_dongle(dongle), means_)).serial;
        const auto second =
            taken(keys::read_key(taken(revise_key(folder, serial, more, means_)).text, root()));
        EXPECT_EQ(second.content.revision, 2);
        EXPECT_EQ(second.content.lines.at(0).count, 9);
        EXPECT_EQ(second.content.token->key, dongle.public_key());
    }
    VendorFolder folder = open();  // the journal knows it
    const auto third =
        taken(keys::read_key(taken(revise_key(folder, serial, more, means_)).text, root()));
    EXPECT_EQ(third.content.revision, 3);
    EXPECT_EQ(code_of(revise_key(folder, "0000-0000", more, means_)), ErrorCode::key_foreign);
    EXPECT_EQ(code_of(revise_key(folder, serial, {}, means_)), ErrorCode::bad_field);
    NewKey soft;
    soft.product = "till";
    soft.lines = more;
    const std::string bound = taken(make_key(folder, soft, means_)).serial;
    EXPECT_EQ(code_of(revise_key(folder, bound, more, means_)), ErrorCode::wrong_state);
    taken(revoke(folder, IssuerTest::serial(serial), folder.root_key_path(), means_));
    EXPECT_EQ(code_of(revise_key(folder, serial, more, means_)), ErrorCode::key_revoked);
}

}  // namespace
}  // namespace tillhost::licd::issuer
