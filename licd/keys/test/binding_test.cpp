// Claim: a machine is known again within the policy's tolerance and another is not; values that
// many machines share do not count. Shown on made machines, one change at a time.
#include "licd/keys/binding.h"

#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

constexpr std::string_view kSerial = "4410-0093-7721";

Traits machine() {
    return {make_trait(TraitKind::board, {"4c4c4544-0042-3510-8056-b4c04f4e4d32"}, ""),
            make_trait(TraitKind::disk, {"WD-WX11A", "WD-WX11B"}, ""),
            make_trait(TraitKind::machine_id, {"5f2e"}, ""),
            make_trait(TraitKind::nic, {"00:1b:21:aa:bb:cc"}, ""),
            make_trait(TraitKind::host, {"kassa-1"}, "")};
}

Traits with(Traits traits, TraitKind kind, std::vector<std::string> values) {
    for (Trait& trait : traits) {
        if (trait.kind == kind) {
            trait = make_trait(kind, std::move(values), "absent");
        }
    }
    return traits;
}

BindingVerdict judged(Strictness strictness, const Traits& before, const Traits& now,
                      bool weak_allowed = false) {
    return judge({strictness, weak_allowed}, digests_of(kSerial, before), digests_of(kSerial, now),
                 now);
}

TEST(Binding, TheSameMachineIsClean) {
    for (const Strictness one : {Strictness::strict, Strictness::tolerant}) {
        const BindingVerdict verdict = judged(one, machine(), machine());
        EXPECT_TRUE(verdict.accepted);
        EXPECT_TRUE(verdict.clean);
        EXPECT_EQ(verdict.score, 100);
    }
}

TEST(Binding, StrictRefusesEachSingleChangeAndNoAddition) {
    for (const TraitKind kind : kTraitKinds) {
        EXPECT_FALSE(
            judged(Strictness::strict, machine(), with(machine(), kind, {"00:1b:21:00:00:01"}))
                .accepted);
        EXPECT_FALSE(judged(Strictness::strict, machine(), with(machine(), kind, {})).accepted);
    }
    EXPECT_FALSE(
        judged(Strictness::strict, machine(), with(machine(), TraitKind::disk, {"WD-WX11A"}))
            .accepted);  // one of the recorded two
    EXPECT_TRUE(judged(Strictness::strict, machine(),
                       with(machine(), TraitKind::disk, {"WD-WX11A", "WD-WX11B", "new"}))
                    .accepted);
    const Traits without = with(machine(), TraitKind::board, {});
    EXPECT_TRUE(judged(Strictness::strict, without, machine()).accepted);  // readable only now
}

TEST(Binding, TolerantWantsSixtyAndHardware) {
    Traits now = with(machine(), TraitKind::host, {"kassa-2"});
    EXPECT_EQ(judged(Strictness::tolerant, machine(), now).score, 90);
    EXPECT_TRUE(judged(Strictness::tolerant, machine(), now).clean);
    now = with(now, TraitKind::disk, {"other"});
    EXPECT_EQ(judged(Strictness::tolerant, machine(), now).score, 65);
    EXPECT_TRUE(judged(Strictness::tolerant, machine(), now).accepted);
    EXPECT_FALSE(judged(Strictness::tolerant, machine(), now).clean);
    now = with(now, TraitKind::nic, {});
    EXPECT_EQ(judged(Strictness::tolerant, machine(), now).score, 50);
    EXPECT_FALSE(judged(Strictness::tolerant, machine(), now).accepted);
}

TEST(Binding, WithoutAnyHardwareTraitItIsAnotherMachine) {
    const Traits before = with(with(machine(), TraitKind::board, {}), TraitKind::disk, {});
    const Traits now = with(before, TraitKind::nic, {"00:1b:21:00:00:01"});  // 30 of 45
    const BindingVerdict verdict = judged(Strictness::tolerant, before, now);
    EXPECT_EQ(verdict.score, 66);
    EXPECT_FALSE(verdict.accepted);
    EXPECT_NE(verdict.told().find("none of the hardware"), std::string::npos);
}

TEST(Binding, OneDiskOfASetIsEnoughForTolerant) {
    EXPECT_EQ(judged(Strictness::tolerant, machine(),
                     with(machine(), TraitKind::disk, {"WD-WX11B", "spare"}))
                  .score,
              100);
}

TEST(Binding, TellsPeopleWhichTraitDiffers) {
    const Traits now =
        with(with(machine(), TraitKind::disk, {"other"}), TraitKind::nic, {"02:42:ac:11:00:02"});
    EXPECT_EQ(judged(Strictness::tolerant, machine(), now).told(),
              "3 of 5 recorded traits match, score 60 of 100; the same: serial number of the "
              "mainboard, identity of the operating system, host name; differs: serial number of "
              "the system disk; no longer readable: network cards (made by software)");
}

TEST(Binding, WeakValuesDoNotCount) {
    const std::pair<TraitKind, const char*> weak[] = {
        {TraitKind::board, "00000000-0000-0000-0000-000000000000"},
        {TraitKind::board, "To be filled by O.E.M."},
        {TraitKind::board, " Default string \n"},
        {TraitKind::board, "FFFFFFFF"},
        {TraitKind::board, ""},
        {TraitKind::disk, "QM00001"},
        {TraitKind::disk, "overlayblk"},
        {TraitKind::machine_id, "uninitialized"},
        {TraitKind::nic, "52:54:00:12:34:56"},
        {TraitKind::nic, "02:fc:00:00:00:01"},
        {TraitKind::nic, "3a:00:00:11:22:33"},
        {TraitKind::nic, "00:00:00:00:00:00"},
        {TraitKind::nic, "short"},
        {TraitKind::host, "localhost"},
        {TraitKind::host, "LocalHost.localdomain"},
        {TraitKind::host, "4f1c9a0b2d3e"}};
    for (const auto& [kind, value] : weak) {
        const Trait trait = make_trait(kind, {value}, "");
        EXPECT_TRUE(trait.values.empty()) << value;
        EXPECT_FALSE(trait.weak.empty()) << value;
    }
    EXPECT_EQ(make_trait(TraitKind::nic, {"02:42:ac:11:00:02", "00:1B:21:AA:BB:CC"}, "").values,
              std::vector<std::string>{"00:1b:21:aa:bb:cc"});
}

TEST(Binding, AWeakMachineIsBoundOnlyIfThePolicySaysSo) {
    const Traits container{make_trait(TraitKind::disk, {}, "the disk is a virtual one"),
                           make_trait(TraitKind::machine_id, {"5f2e"}, ""),
                           make_trait(TraitKind::host, {"kassa-1"}, "")};
    const TraitDigests digests = digests_of(kSerial, container);
    EXPECT_TRUE(refused(check_strong_enough({Strictness::tolerant, false}, digests, container),
                        base::ErrorCode::key_other_machine, "30 of 100"));
    EXPECT_TRUE(refused(check_strong_enough({Strictness::tolerant, false}, digests, container),
                        base::ErrorCode::key_other_machine, "the disk is a virtual one"));
    EXPECT_TRUE(check_strong_enough({Strictness::tolerant, true}, digests));
    EXPECT_FALSE(check_strong_enough({Strictness::tolerant, true}, {}));
    EXPECT_TRUE(judged(Strictness::tolerant, container, container, true).accepted);
    EXPECT_FALSE(judged(Strictness::tolerant, container, container, false).accepted);
    EXPECT_FALSE(judged(Strictness::tolerant, {}, machine(), true).accepted);
}

TEST(Binding, DigestsOfTwoKeysCannotBeCompared) {
    EXPECT_NE(digests_of("AAAA-1", machine()), digests_of("AAAA-2", machine()));
    const TraitDigests digests = digests_of(kSerial, machine());
    EXPECT_EQ(taken(digests_from_text(digests_to_text(digests))), digests);
    EXPECT_EQ(digests_to_text(digests).find("kassa"), std::string::npos);
    for (const char* wrong : {"disk", "disk:", "disk:0", "disc:00112233445566778899aabbccddeeff",
                              "host:00112233445566778899aabbccddeeff,"
                              "host:00112233445566778899aabbccddeeff"}) {
        EXPECT_FALSE(digests_from_text(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace tillhost::licd::keys::test
