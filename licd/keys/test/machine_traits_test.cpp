// Claim: a machine's traits are read as an ordinary user finds them, through dm and md down to the
// disks, and what is not there is a weak trait with its reason. Shown on made trees.
#include "licd/keys/machine_traits.h"

#include "licd/keys/test/vendor.h"
#include "tests/support/made_machine.h"

namespace tillhost::licd::keys::test {
namespace {

class MachineTraitsTest : public support::MadeMachineTest {
protected:
    void mounted(const std::string& number, const std::string& source) const {
        put("proc/self/mountinfo",
            "20 1 0:5 / /dev rw - devtmpfs udev rw\n"
            "30 1 " +
                number + " / / rw,relatime shared:1 - ext4 " + source + " rw\n");
    }
    Trait read(TraitKind kind) const {
        for (Trait& trait : all()) {
            if (trait.kind == kind) {
                return trait;
            }
        }
        return {};
    }
    Traits& all() const {
        static Traits traits;
        traits = read_machine_traits(root_.string());
        return traits;
    }
};

using Values = std::vector<std::string>;

TEST_F(MachineTraitsTest, AnEmptyMachineHasFiveWeakTraits) {
    const Traits traits = read_machine_traits(root_.string());
    EXPECT_EQ(traits.size(), 5U);
    for (const Trait& trait : traits) {
        EXPECT_TRUE(trait.values.empty());
        EXPECT_FALSE(trait.weak.empty()) << name_of(trait.kind);
    }
}

TEST_F(MachineTraitsTest, TheDiskOfAPartitionIsItsParent) {
    block("pci/nvme0n1", "259:0");
    block("pci/nvme0n1/nvme0n1p2", "259:2");
    put("sys/devices/pci/nvme0n1/nvme0n1p2/partition", "2\n");
    put("sys/devices/pci/nvme0n1/device/serial", "S4EVNX0N  \n");
    mounted("259:2", "/dev/nvme0n1p2");
    EXPECT_EQ(read(TraitKind::disk).values, Values{"s4evnx0n"});
}

TEST_F(MachineTraitsTest, DisksBelowDmAndMdAreASet) {
    for (const char* name : {"sda", "sdb"}) {
        const std::string disk = std::string("pci/") + name;
        const std::string part = disk + "/" + name + "1";
        block(disk, name == std::string("sda") ? "8:0" : "8:16");
        block(part, name == std::string("sda") ? "8:1" : "8:17");
        put("sys/devices/" + part + "/partition", "1\n");
        put("run/udev/data/b" + std::string(name == std::string("sda") ? "8:0" : "8:16"),
            "S:disk/x\nE:ID_SERIAL_SHORT=WD-" + std::string(name) + "\n");
        link("sys/devices/virtual/block/md0/slaves/" + std::string(name) + "1", "../x");
    }
    block("virtual/block/md0", "9:0");
    block("virtual/block/dm-0", "254:0");
    link("sys/devices/virtual/block/dm-0/slaves/md0", "../../md0");
    mounted("254:0", "/dev/mapper/root");
    EXPECT_EQ(read(TraitKind::disk).values, (Values{"wd-sda", "wd-sdb"}));
}

TEST_F(MachineTraitsTest, ABtrfsIsFoundByItsSource) {
    block("pci/vda", "252:0");
    put("sys/devices/pci/vda/serial", "volume-77\n");
    mounted("0:27", "/dev/vda");
    EXPECT_EQ(read(TraitKind::disk).values, Values{"volume-77"});
}

TEST_F(MachineTraitsTest, AnOverlayIsNoDiskAndAVirtualOneIsWeak) {
    mounted("0:40", "overlay");
    EXPECT_EQ(read(TraitKind::disk).weak, "what is mounted on / is no disk");
    block("pci/sda", "8:0");
    put("sys/devices/pci/sda/device/wwid", "QM00001\n");
    mounted("8:0", "/dev/sda");
    EXPECT_EQ(read(TraitKind::disk).weak, "a virtual disk without a number of its own");
}

TEST_F(MachineTraitsTest, ADiskThatIsItsOwnAncestorEndsTheSearch) {
    block("virtual/block/dm-0", "254:0");
    link("sys/devices/virtual/block/dm-0/slaves/dm-0", "..");
    mounted("254:0", "/dev/mapper/root");
    EXPECT_TRUE(read(TraitKind::disk).values.empty());
}

TEST_F(MachineTraitsTest, NetworkCardsAreDevicesAndNoOthers) {
    put("sys/class/net/eth0/address", "00:1b:21:aa:bb:cc\n");
    put("sys/class/net/eth0/device/vendor", "x\n");
    put("sys/class/net/lo/address", "00:00:00:00:00:00\n");
    put("sys/class/net/docker0/address", "00:1b:21:00:00:01\n");
    EXPECT_EQ(read(TraitKind::nic).values, Values{"00:1b:21:aa:bb:cc"});
}

TEST_F(MachineTraitsTest, TheMachinesIdentityLeavesHashedOnly) {
    put("etc/machine-id", "5f2e9c0b7d3a4e1f8a6b5c4d3e2f1a0b\n");
    const Trait trait = read(TraitKind::machine_id);
    ASSERT_EQ(trait.values.size(), 1U);
    EXPECT_EQ(trait.values.front().find("5f2e9c0b"), std::string::npos);
    put("etc/machine-id", "uninitialized\n");
    EXPECT_EQ(read(TraitKind::machine_id).weak, "the maker's placeholder");
}

TEST_F(MachineTraitsTest, BoardAndHostNameAreRead) {
    put("sys/class/dmi/id/product_uuid", "4C4C4544-0042\n");
    put("sys/class/dmi/id/board_serial", "Default string\n");
    put("proc/sys/kernel/hostname", "kassa-1\n");
    EXPECT_EQ(read(TraitKind::board).values, Values{"4c4c4544-0042"});
    EXPECT_EQ(read(TraitKind::host).values, Values{"kassa-1"});
}

}  // namespace
}  // namespace tillhost::licd::keys::test
