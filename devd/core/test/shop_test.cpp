// Claim: what [shop] of devd.toml names and cannot be used is told, for as long as that is so.
// Shown: names against a table of drivers, and a core whose device is removed.
#include "devd/core/shop.h"

#include <gtest/gtest.h>

#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::HealthCause;

/// "key device" of each fault.
std::vector<std::string> faults(const ShopDefaults& shop) {
    static const std::map<std::string, std::string> kDrivers{{"kassa", "fiscal/toy"},
                                                             {"pos", "payment/zvt"},
                                                             {"slips", "printer/escpos"},
                                                             {"echo", "test/echo"}};
    std::vector<std::string> told;
    for (const ShopFault& fault : faults_of(shop, [](const std::string& device) {
             const auto found = kDrivers.find(device);
             return found == kDrivers.end() ? nullptr : &found->second;
         })) {
        told.push_back(std::string(fault.key) + " " + fault.device);
        EXPECT_NE(fault.text.find("'" + fault.device + "'"), std::string::npos) << fault.text;
    }
    return told;
}

using Told = std::vector<std::string>;

TEST(ShopNames, ThatAreThereAndOfTheirClassAreInOrder) {
    EXPECT_EQ(faults({}), Told{});
    EXPECT_EQ(faults({"kassa", "kassa", "pos", "slips"}), Told{});
    EXPECT_EQ(faults({"kassa", "", "pos", "kassa"}), Told{}) << "a registrar prints slips too";
    EXPECT_EQ(faults({"kassa", "-", "-", "-"}), Told{}) << "nobody";
}

TEST(ShopNames, ThatNoDeviceHasOrOneOfAnotherClassAreTold) {
    EXPECT_EQ(faults({"kasse", "kassa2", "pos2", "slip"}),
              (Told{"registrar kasse", "substitute kassa2", "terminal pos2", "printer slip"}));
    EXPECT_EQ(faults({"pos", "slips", "kassa", "pos"}),
              (Told{"registrar pos", "substitute slips", "terminal kassa", "printer pos"}));
    EXPECT_EQ(faults({"echo", "", "echo", "echo"}),
              (Told{"registrar echo", "terminal echo", "printer echo"}));
}

TEST(ShopNames, OfADeviceThatIsRemovedBecomeAReasonOfHealth) {
    CoreOptions options;
    options.shop.registrar = "fr";
    Rig rig({}, options);
    rig.open_device();
    EXPECT_TRUE(health_of(rig.core->figures()).reasons.empty());
    ASSERT_TRUE(rig.core->remove_device("fr"));
    const contract::HealthReply health = health_of(rig.core->figures());
    ASSERT_EQ(health.reasons.size(), 1U);
    EXPECT_EQ(health.reasons[0].cause, HealthCause::shop_device_unfit);
    EXPECT_EQ(health.reasons[0].device, "fr");
    EXPECT_NE(health.reasons[0].text.find("[shop]"), std::string::npos);
    EXPECT_EQ(health.state, contract::HealthState::degraded);
}

}  // namespace
}  // namespace tillhost::devd::core
