// Claim: what a machine can be known by is read as it stands, through dm and md down to the disks,
// and what is not there is left out. Shown on made trees.
#include "hal/os/machine_facts.h"

#include "tests/support/made_machine.h"

namespace tillhost::os {
namespace {

using Values = std::vector<std::string>;

class MachineFactsTest : public support::MadeMachineTest {
protected:
    void mounted(const std::string& number, const std::string& source) const {
        put("proc/self/mountinfo",
            "30 1 " + number + " / / rw,relatime shared:1 - ext4 " + source + " rw\n");
    }
    MachineFacts read() const { return read_machine_facts(root_.string()); }
};

TEST_F(MachineFactsTest, OfAnEmptyMachineThereAreNone) { EXPECT_EQ(read(), MachineFacts{}); }

TEST_F(MachineFactsTest, ValuesAreAsTheyStand) {
    put("sys/class/dmi/id/product_uuid", "4C4C4544-0042\n");
    put("sys/class/dmi/id/board_serial", "Default string\n");
    put("etc/machine-id", "5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b\n");
    put("proc/sys/kernel/hostname", "Kassa-1\n");
    put("sys/class/net/eth0/address", "00:1b:21:aa:bb:cc\n");
    put("sys/class/net/eth0/device/vendor", "x\n");
    put("sys/class/net/lo/address", "00:00:00:00:00:00\n");
    const MachineFacts facts = read();
    EXPECT_EQ(facts.board, (Values{"4C4C4544-0042", "Default string"}));
    EXPECT_EQ(facts.machine_id, "5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b");
    EXPECT_EQ(facts.host, "Kassa-1");
    EXPECT_EQ(facts.nics, Values{"00:1b:21:aa:bb:cc"});
    EXPECT_FALSE(facts.disks);
}

TEST_F(MachineFactsTest, DisksAreFoundBelowPartitionsDmAndMd) {
    for (const auto& [name, number] : {std::pair("sda", "8:0"), std::pair("sdb", "8:16")}) {
        const std::string disk = std::string("pci/") + name;
        block(disk, number);
        block(disk + "/" + name + "1", std::string(number) + "1");
        put("sys/devices/" + disk + "/" + name + "1/partition", "1\n");
        put(std::string("run/udev/data/b") + number,
            std::string("S:disk/x\nE:ID_SERIAL_SHORT=WD-") + name + "\n");
        link(std::string("sys/devices/virtual/block/md0/slaves/") + name + "1", "../x");
    }
    block("virtual/block/md0", "9:0");
    block("virtual/block/dm-0", "254:0");
    link("sys/devices/virtual/block/dm-0/slaves/md0", "../../md0");
    mounted("254:0", "/dev/mapper/root");
    EXPECT_EQ(read().disks, (Values{"WD-sda", "WD-sdb"}));
}

TEST_F(MachineFactsTest, ADiskThatTellsNothingIsNotNoDisk) {
    block("pci/vda", "252:0");
    mounted("252:0", "/dev/vda");
    EXPECT_EQ(read().disks, Values{});
    put("sys/devices/pci/vda/serial", "volume-77  \n");
    EXPECT_EQ(read().disks, Values{"volume-77  "});
    mounted("0:40", "overlay");
    EXPECT_FALSE(read().disks);
}

TEST_F(MachineFactsTest, ADiskThatIsItsOwnAncestorEndsTheSearch) {
    block("virtual/block/dm-0", "254:0");
    link("sys/devices/virtual/block/dm-0/slaves/dm-0", "..");
    mounted("254:0", "/dev/mapper/root");
    EXPECT_EQ(read().disks, Values{});
}

TEST(HashedMachineId, IsTheSameForTheSameAndTellsNothing) {
    const std::string one = hashed_machine_id("5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b");
    EXPECT_EQ(one, hashed_machine_id("5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b"));
    EXPECT_NE(one, hashed_machine_id("5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0c"));
    EXPECT_EQ(one.find("5F 2E 9C"), std::string::npos);
    EXPECT_EQ(one.size(), 32U * 3 - 1);
}

TEST(MachineFacts, OfThisMachineHaveItsName) { EXPECT_FALSE(read_machine_facts("/").host.empty()); }

}  // namespace
}  // namespace tillhost::os
