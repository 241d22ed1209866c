// Claim: an operator is told what the machine can be known by, as it stands but for the machine's
// id, and nobody with fewer rights is. Shown on a made tree, by requests through the administration
// to the core.
#include "devd/runtime/machine_facts.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "devd/core/test/rig.h"
#include "devd/runtime/administration.h"
#include "hal/os/fake/kept_log.h"

namespace tillhost::devd::runtime {
namespace {

using contract::RequestKind;
using core::Rig;

constexpr const char* kMachineId = "5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b";

std::vector<std::string> rows(const contract::MachineFactsReply& reply) {
    std::vector<std::string> all;
    for (const contract::MachineFact& fact : reply.facts) {
        all.push_back(fact.kind + "=" + fact.value);
    }
    return all;
}

os::MachineFacts some_facts() {
    return {{"4C4C4544-0042", "Default string"},
            std::vector<std::string>{"WD-1"},
            kMachineId,
            {"00:1b:21:aa:bb:cc", ""},
            "Kassa-1"};
}

TEST(MachineFacts, AreToldAsTheyStandAndTheIdOnlyAsAHash) {
    const std::vector<std::string> expected{"board=4C4C4544-0042",
                                            "board=Default string",
                                            "disk=WD-1",
                                            "mid=" + os::hashed_machine_id(kMachineId),
                                            "nic=00:1b:21:aa:bb:cc",
                                            "host=Kassa-1"};
    EXPECT_EQ(rows(told(some_facts())), expected);
    os::MachineFacts other = some_facts();
    other.machine_id = "5F2E9C0B7D3A4E1F8A6B5C4D3E2F1A0B ";
    EXPECT_EQ(rows(told(other)), expected);
}

TEST(MachineFacts, AnIdThatIsNoneIsNotTold) {
    for (const char* none : {"", "uninitialized", "00000000000000000000000000000000", "5f2e9c0b"}) {
        os::MachineFacts facts;
        facts.machine_id = none;
        EXPECT_TRUE(told(facts).facts.empty()) << none;
    }
}

TEST(MachineFacts, FitTheMessageWhateverTheyAre) {
    os::MachineFacts facts = some_facts();
    facts.nics.assign(200, std::string(300, 'x'));
    facts.board = {"\xFF\xFE"};
    const auto reply = told(facts);
    EXPECT_EQ(reply.facts.size(), 128U);
    EXPECT_TRUE(contract::from_value<contract::MachineFactsReply>(contract::to_value(reply)));
}

/// Rights by user id: 0 an operator, others a cashier.
class ByUser final : public core::AccessPort {
public:
    std::optional<core::Rights> rights_of(const ipc::PeerIdentity& identity) const override {
        core::Rights rights;
        rights.role = identity.uid == 0 ? contract::Role::operator_ : contract::Role::cashier;
        return rights;
    }
};

TEST(MachineFacts, AreForOperators) {
    std::string root = (std::filesystem::temp_directory_path() / "machine-XXXXXX").string();
    ASSERT_NE(::mkdtemp(root.data()), nullptr);
    std::filesystem::create_directories(root + "/proc/sys/kernel");
    std::ofstream(root + "/proc/sys/kernel/hostname") << "kassa-7\n";
    const ByUser access;
    core::CoreOptions options;
    options.access = &access;
    Rig rig({}, options);
    os::KeptLog log;
    const auto loop = MUST(os::EventLoop::create(rig.clock));
    Administration administration({*loop,
                                   rig.clock,
                                   rig.endpoint,
                                   os::Logger(log, os::Severity::info),
                                   root,
                                   "",
                                   {},
                                   {},
                                   root});
    administration.attach(*rig.core);
    const auto ask = [&](std::int64_t uid) {
        const ipc::PeerId peer = rig.endpoint.connect({.uid = uid});
        rig.hello(peer);
        rig.endpoint.request(
            peer, {RequestKind::machine_facts, 77, 0, contract::to_value(contract::Empty{})},
            administration);
        return rig.next_reply(peer);
    };
    const auto reply = Rig::ok<contract::MachineFactsReply>(ask(0));
    EXPECT_EQ(rows(reply), std::vector<std::string>{"host=kassa-7"});
    const auto refused = ask(1000);
    ASSERT_TRUE(refused);
    const auto* error = std::get_if<contract::Error>(&refused->outcome);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->code, "not_permitted");
    std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tillhost::devd::runtime
