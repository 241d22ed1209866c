// Claim: a dongle on USB proves through devd that it is plugged in, a pulled one is told and comes
// back by itself, and nobody gets more of it than their role gives them.
// Shown with devd and its driver host, libudev and hidapi as they are, on a token that umockdev
// shows and devsim plays; proofs are verified. This program is started with umockdev's library
// (CMakeLists.txt), else udev's events cannot be sent.
#include <filesystem>
#include <fstream>

#include "ipc/contract/decoder.h"
#include "tests/integration/counter.h"
#include "tests/support/dongle_key.h"
#include "tests/support/usb_bench.h"

namespace tillhost::support {
namespace {

using contract::DeviceState;

constexpr const char* kRelyingParty = "licence.example";

class HidDongleTest : public CounterTest {
protected:
    HidDongleTest() : bench_(MUST(UsbBench::create())) {
        for (const char* other : {"kassa", "echo"}) {
            std::filesystem::remove(shop_->folder() + "/config/devices.d/" + other + ".toml");
        }
        std::ofstream(shop_->folder() + "/config/devd.toml")
            << "log = \"info\"\nhotplug_settle_ms = 20\n";
        MUST(shop_->configure("dongle", "driver = \"dongle/fido2\"\nport = \"hid:" +
                                            std::string(UsbBench::kTokenIds) + "\"\n"));
    }
    void plug_in(int number) {
        MUST(bench_->plug_in_token(number, "TK0001"));
        ASSERT_TRUE(
            shop_->start_simulator("dongle", "dongle/fido2",
                                   {"--pty", bench_->token_node(number), "--serial", "TK0001",
                                    "--state", shop_->folder() + "/token.state"}));
    }
    void start_all() {
        plug_in(0);
        bench_->show_to_children(true);
        start_devd();
        bench_->show_to_children(false);
        connect();
        ASSERT_TRUE(client_->subscribe("device/dongle", {}, deadline()));
        until(DeviceState::ready);
    }
    /// Looks anew at each event: one may be of a change that is over.
    void until(DeviceState state) {
        auto device = client_->status("dongle", deadline());
        while (device && device->state != state) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event) << device->reason;
            device = client_->status("dongle", deadline());
        }
        ASSERT_TRUE(device) << base::to_text(device.error());
    }
    static base::Bytes hash_of(const std::string& challenge) {
        const os::Sha256 hash = os::sha256(base::bytes_of(challenge));
        return {hash.begin(), hash.end()};
    }
    contract::DongleEnrolment enrol() {
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(clock_);
        const auto done = client_->carry_out(
            "dongle", contract::EnrolDongle{kRelyingParty, "key 1", hash_of("enrolment")}, options,
            deadline());
        if (!done || !done->result) {
            ADD_FAILURE() << (done ? done->error->text : base::to_text(done.error()));
            return {};
        }
        return std::get<contract::DongleEnrolment>(*done->result);
    }
    void expect_proof(const contract::DongleEnrolment& enrolled, const std::string& challenge) {
        const auto answer = client_->query(
            "dongle",
            contract::DongleProofQuery{kRelyingParty, enrolled.credential, hash_of(challenge)},
            deadline());
        ASSERT_TRUE(answer) << base::to_text(answer.error());
        const auto key = dongle_key(enrolled.authenticator_data);
        ASSERT_TRUE(key);
        EXPECT_TRUE(is_signed(std::get<contract::DongleProof>(*answer), *key, kRelyingParty,
                              hash_of(challenge)));
        EXPECT_FALSE(is_signed(std::get<contract::DongleProof>(*answer), *key, kRelyingParty,
                               hash_of("another")));
    }

    std::unique_ptr<UsbBench> bench_;
};

TEST_F(HidDongleTest, ProvesItselfAndComesBackAfterItWasPulled) {
    start_all();
    const auto enrolled = enrol();
    ASSERT_FALSE(enrolled.credential.empty());
    expect_proof(enrolled, "one");
    shop_->kill_simulator("dongle");
    MUST(bench_->unplug_token(0));
    until(DeviceState::opening);
    const auto gone = client_->query(
        "dongle", contract::DongleProofQuery{kRelyingParty, enrolled.credential, hash_of("two")},
        deadline());
    EXPECT_FALSE(gone);
    plug_in(1);  // another node, as after a replug
    MUST(bench_->announce_token(1));
    until(DeviceState::ready);
    expect_proof(enrolled, "three");
}

/// The code of the error that a request ends with; empty if it is done.
template <class Body>
std::string refusal(client::Client& client, contract::RequestKind kind, const Body& body,
                    os::Deadline deadline) {
    const auto answer = client.request(kind, contract::to_value(body), deadline);
    return answer ? "" : std::string(base::name_of(answer.error().code));
}

TEST_F(HidDongleTest, RolesGiveWhatTheyShould) {
    start_all();
    using contract::RequestKind;
    using contract::Role;
    contract::QueryRequest ask;
    ask.device = "dongle";
    ask.query =
        contract::DongleProofQuery{kRelyingParty, base::Bytes(16, std::byte{1}), hash_of("roles")};
    for (const auto& [role, proof] :
         {std::pair(Role::observer, "not_permitted"), std::pair(Role::cashier, "not_permitted"),
          std::pair(Role::operator_, "credential_unknown")}) {
        contract::HelloRequest hello;
        hello.client = "other";
        hello.versions = {1};
        hello.at_most = role;
        const contract::Value reply =
            MUST(client_->request(RequestKind::hello, contract::to_value(hello), deadline()));
        const auto greeted = MUST(contract::from_value<contract::HelloReply>(reply));
        ASSERT_EQ(greeted.role, role);
        EXPECT_EQ(refusal(*client_, RequestKind::query, ask, deadline()), proof);
        contract::SubmitRequest enrol;
        enrol.session = greeted.session;
        enrol.device = "dongle";
        enrol.operation_id = client::make_operation_id(clock_);
        enrol.command = contract::EnrolDongle{kRelyingParty, "key 1", hash_of("enrolment")};
        EXPECT_EQ(refusal(*client_, RequestKind::submit, enrol, deadline()), "not_permitted");
    }
}

}  // namespace
}  // namespace tillhost::support
