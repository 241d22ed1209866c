// Claim: "tillctl dongle" hands a challenge of its own to the dongle and writes what came of it
// before it acknowledges; what is wrong is said before anybody touches anything. Shown on command
// lines, over a devd that answers from a list, and on the file as it was written.
#include "ipc/client/tillctl/dongle.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <vector>

#include "hal/os/digest.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/os/files.h"
#include "ipc/client/check_package/values.h"
#include "ipc/client/tillctl/arguments.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::ErrorCode;
using check_package::bytes_of_base64;
using contract::RequestKind;
using contract::Value;

contract::DongleEnrolment some_enrolment() {
    contract::DongleEnrolment told;
    told.credential = *base::from_hex("4A 4C 9E CC");
    told.authenticator_data = base::Bytes(60, std::byte{7});
    told.format = "packed";
    told.algorithm = -7;
    told.signature = *base::from_hex("30 44 02");
    told.certificates = {*base::from_hex("30 01 AA"), *base::from_hex("30 01 BB")};
    return told;
}

/// What was asked, and whether the file was there by then.
struct FakeDevd {
    std::optional<base::Error> refusal;  ///< of submit and query
    std::optional<contract::OperationResult> result = some_enrolment();
    std::optional<contract::Error> failure;
    std::string path;
    std::map<RequestKind, Value> asked;
    bool was_written_first = false;

    base::Result<Value> answer(RequestKind kind, Value body) {
        asked[kind] = std::move(body);
        if (kind == RequestKind::hello) {
            contract::HelloReply hello;
            hello.version = 1;
            hello.session = 1;
            hello.program_version = "test";
            hello.client = "tillctl";
            return contract::to_value(hello);
        }
        if (kind == RequestKind::subscribe) {
            contract::SubscribeReply reply;
            reply.subscription = 1;
            reply.epoch = 1;
            return contract::to_value(reply);
        }
        if (kind == RequestKind::acknowledge) {
            was_written_first = std::filesystem::exists(path);
            return contract::to_value(operation());
        }
        if (refusal) {
            return *refusal;
        }
        if (kind == RequestKind::query) {
            contract::DongleProof proof;
            proof.authenticator_data = base::Bytes(37, std::byte{0});
            proof.authenticator_data.back() = std::byte{29};
            proof.signature = base::Bytes(8, std::byte{0x30});
            return contract::to_value(contract::ClassStatus(proof));
        }
        return contract::to_value(operation());
    }
    contract::Operation operation() {
        const auto request =
            MUST(contract::from_value<contract::SubmitRequest>(asked[RequestKind::submit]));
        contract::Operation one;
        one.operation_id = request.operation_id;
        one.device = request.device;
        one.command = "enrol_dongle";
        one.state = result ? contract::OperationState::done : contract::OperationState::failed;
        one.version = 1;
        one.result = result;
        one.error = failure;
        return one;
    }
};

class FakeConnection final : public client::Connection {
public:
    explicit FakeConnection(FakeDevd& devd) : devd_(devd) {}
    base::Result<Value> call(RequestKind kind, Value body, os::Deadline) override {
        return devd_.answer(kind, std::move(body));
    }
    base::Result<std::optional<contract::Event>> next_event(os::Deadline) override {
        return std::optional<contract::Event>();
    }
    bool lost() override { return false; }

private:
    FakeDevd& devd_;
};
class FakeConnector final : public client::Connector {
public:
    explicit FakeConnector(FakeDevd& devd) : devd_(devd) {}
    base::Result<std::unique_ptr<client::Connection>> connect(os::Deadline) override {
        return std::unique_ptr<client::Connection>(std::make_unique<FakeConnection>(devd_));
    }

private:
    FakeDevd& devd_;
};
class KeptConsole final : public Console {
public:
    void out(std::string_view text) override { told += text; }
    void err(std::string_view text) override { complained += text; }
    std::string told;
    std::string complained;
};

std::variant<Invocation, Explanation> parse(std::vector<const char*> words) {
    words.insert(words.begin(), {"tillctl", "dongle", "d1"});
    return parse_arguments(static_cast<int>(words.size()), words.data(), Language::english);
}

class DongleVerbTest : public testing::Test {
protected:
    DongleVerbTest() {
        std::string name = testing::TempDir() + "dongle.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        devd_.path = folder_ + "/d.json";
    }
    ~DongleVerbTest() override { std::filesystem::remove_all(folder_); }

    base::Result<Exit> run_words(const std::vector<const char*>& words) {
        const auto parsed = parse(words);
        const auto* invocation = std::get_if<Invocation>(&parsed);
        if (invocation == nullptr) {
            ADD_FAILURE() << std::get<Explanation>(parsed).text;
            return Exit::usage;
        }
        const auto client = MUST(client::Client::connect_over(
            std::make_unique<FakeConnector>(devd_), {.name = "tillctl"}, clock_, clock_.now()));
        const AdminContext context{*client, console_, invocation->language,
                                   false,   clock_,   invocation->timeout};
        return run_dongle(std::get<DongleVerb>(invocation->verb), context, clock_);
    }
    base::Result<Exit> enrol() {
        return run_words(
            {"enrol", "--rp", "licence.example", "--owner", "4410", "--out", devd_.path.c_str()});
    }
    Value file() const {
        const base::Bytes bytes = MUST(os::read_file(devd_.path, 65536));
        return MUST(ipc::from_json(base::string_of(bytes)));
    }
    static std::string text_in(const Value& file, std::string_view name) {
        const auto* field = file.find(name);
        const auto* text = field == nullptr ? nullptr : field->get_if<std::string>();
        return text == nullptr ? "none" : *text;
    }

    std::string folder_;
    os::FakeClock clock_;
    FakeDevd devd_;
    KeptConsole console_;
};

TEST_F(DongleVerbTest, TheFileHoldsAllThatWasAskedAndAnsweredAndIsThereFirst) {
    EXPECT_EQ(MUST(enrol()), Exit::done);
    EXPECT_TRUE(devd_.was_written_first) << "acknowledged, and the file was not there";
    const Value written = file();
    EXPECT_EQ(text_in(written, "rp"), "licence.example");
    EXPECT_EQ(text_in(written, "owner"), "4410");
    EXPECT_EQ(text_in(written, "format"), "packed");
    EXPECT_EQ(*written.find("version")->get_if<std::int64_t>(), 1);
    EXPECT_EQ(*written.find("algorithm")->get_if<std::int64_t>(), -7);
    EXPECT_EQ(bytes_of_base64(text_in(written, "credential")), some_enrolment().credential);
    EXPECT_EQ(bytes_of_base64(text_in(written, "authenticator_data")),
              some_enrolment().authenticator_data);
    EXPECT_EQ(bytes_of_base64(text_in(written, "signature")), some_enrolment().signature);
    const auto* certificates = written.find("certificates")->get_if<Value::Array>();
    ASSERT_EQ(certificates->size(), 2U);
    EXPECT_EQ(*certificates->at(1).get_if<std::string>(), "MAG7");
    const auto challenge = bytes_of_base64(text_in(written, "challenge"));
    ASSERT_TRUE(challenge);
    EXPECT_EQ(challenge->size(), 32U);
    const os::Sha256 hash = os::sha256(*challenge);
    EXPECT_EQ(bytes_of_base64(text_in(written, "challenge_hash")),
              base::Bytes(hash.begin(), hash.end()));
    const auto request =
        MUST(contract::from_value<contract::SubmitRequest>(devd_.asked[RequestKind::submit]));
    const auto& command = std::get<contract::EnrolDongle>(request.command);
    EXPECT_EQ(command.challenge_hash, base::Bytes(hash.begin(), hash.end()));
    EXPECT_EQ(command.rp, "licence.example");
    EXPECT_EQ(command.owner, "4410");
}

TEST_F(DongleVerbTest, AFileThatIsThereIsNotReplacedAndNothingIsAsked) {
    MUST(os::write_atomically(devd_.path, base::bytes_of("kept")));
    const auto exit = enrol();
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().code, ErrorCode::bad_field);
    EXPECT_FALSE(devd_.asked.contains(RequestKind::submit));
    EXPECT_EQ(base::string_of(MUST(os::read_file(devd_.path, 10))), "kept");
    devd_.path = folder_ + "/no/such/folder/d.json";
    EXPECT_FALSE(enrol());
    EXPECT_FALSE(devd_.asked.contains(RequestKind::submit));
}

TEST_F(DongleVerbTest, AnEnrolmentThatFailedWritesNothing) {
    devd_.result.reset();
    devd_.failure = contract::to_contract(
        base::make_error(ErrorCode::deadline_passed, "nobody touched the dongle in time"));
    EXPECT_EQ(MUST(enrol()), Exit::failed);
    EXPECT_FALSE(std::filesystem::exists(devd_.path));
    EXPECT_NE(console_.told.find("nobody touched"), std::string::npos) << console_.told;
    EXPECT_TRUE(devd_.asked.contains(RequestKind::acknowledge));
}

TEST_F(DongleVerbTest, AProofSaysThatTheDongleAnswered) {
    EXPECT_EQ(MUST(run_words({"prove", "--rp", "licence.example", "--credential", "SkyezA=="})),
              Exit::done);
    EXPECT_NE(console_.told.find("d1 holds the credential"), std::string::npos) << console_.told;
    EXPECT_NE(console_.told.find("29"), std::string::npos) << "the counter";
    devd_.refusal = base::make_error(ErrorCode::credential_unknown, "another one");
    const auto exit = run_words({"prove", "--rp", "licence.example", "--credential", "SkyezA=="});
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().code, ErrorCode::credential_unknown);
}

TEST_F(DongleVerbTest, EachAskingHasAChallengeOfItsOwn) {
    std::vector<base::Bytes> hashes;
    for (int i = 0; i < 2; ++i) {
        MUST(run_words({"prove", "--rp", "a", "--credential", "SkyezA=="}));
        const auto request =
            MUST(contract::from_value<contract::QueryRequest>(devd_.asked[RequestKind::query]));
        hashes.push_back(std::get<contract::DongleProofQuery>(request.query).challenge_hash);
    }
    EXPECT_NE(hashes[0], hashes[1]);
}

TEST(DongleArguments, RefuseWhatIsWrongAndSayWhy) {
    const std::pair<std::vector<const char*>, std::string> mistakes[] = {
        {{}, "enrol, prove"},
        {{"enrol", "--rp", "a", "--owner", "b"}, "--out is missing"},
        {{"enrol", "--rp", "a", "--owner", "", "--out", "f"}, "1 to 64 characters"},
        {{"prove", "--rp", "a", "--credential", "Skye!A=="}, "base64"},
        {{"prove", "--rp", "", "--credential", "SkyezA=="}, "1 to 253 characters"}};
    for (const auto& [words, why] : mistakes) {
        const auto parsed = parse(words);
        const auto* wrong = std::get_if<Explanation>(&parsed);
        ASSERT_NE(wrong, nullptr) << why;
        EXPECT_NE(wrong->text.find(why), std::string::npos) << wrong->text;
    }
    const auto parsed = parse({"enrol", "--rp", "a", "--owner", "b", "--out", "f"});
    EXPECT_EQ(std::get<Invocation>(parsed).timeout, kTouchTimeout);
}

TEST(DongleTexts, TellWhatADongleIsAndWants) {
    contract::DongleStatus status;
    status.identity.model = "YubiKey";
    status.versions = {"U2F_V2", "FIDO_2_0"};
    status.aaguid = *base::from_hex("F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D");
    status.firmware = "5.2.1";
    for (const Language language : kLanguages) {
        const std::string told = answer_text(language, status);
        for (const char* part :
             {"YubiKey", "U2F_V2, FIDO_2_0", "f8a011f3-8c0a-4d15-8006-17111f9edc7d", "5.2.1"}) {
            EXPECT_NE(told.find(part), std::string::npos) << told;
        }
        EXPECT_TRUE(wishes_of(language, status).empty());
    }
    status.always_asks = true;
    EXPECT_EQ(wishes_of(Language::english, status).size(), 1U);
}

TEST(Base64, IsReadAsItWasWritten) {
    for (const auto& [text, bytes] :
         {std::pair("", ""), std::pair("Zg==", "f"), std::pair("Zm8=", "fo"),
          std::pair("Zm9v", "foo"), std::pair("Zm9vYmFy", "foobar")}) {
        EXPECT_EQ(base64_of(base::bytes_of(bytes)), text);
        EXPECT_EQ(bytes_of_base64(text), base::bytes_of(bytes));
    }
}

}  // namespace
}  // namespace tillhost::tillctl
