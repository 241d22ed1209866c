// Claim: the toy registrar answers byte for byte as its README says and loses no document.
// Shown by the README's examples, by faults on the line, and by re-making it on the same store.
#include <gtest/gtest.h>

#include "simulators/core/checksum.h"
#include "simulators/fiscal/toy/registrar.h"

namespace tillhost::simulators::toy {
namespace {

using base::Bytes;

constexpr std::string_view kRegister = "11 03 B7 61 00 00 00 00 00 00 07 00 00 00 00 00 00 00 C3";

class Toy : public testing::Test {
protected:
    std::string ask(std::string_view hex, os::Duration wait = std::chrono::milliseconds(50)) {
        device_->receive(*base::from_hex(hex), now_);
        Bytes said = device_->take_output();
        const os::Instant end = now_ + wait;
        while (device_->next_event() && *device_->next_event() <= end) {
            device_->advance(*device_->next_event());
            const Bytes more = device_->take_output();
            said.insert(said.end(), more.begin(), more.end());
        }
        now_ = end;
        return base::to_hex(said);
    }
    void fault(std::string_view name, std::vector<std::pair<std::string, std::string>> keys = {}) {
        const auto parsed = parse_fault(name, keys);
        ASSERT_TRUE(parsed) << base::to_text(parsed.error());
        ASSERT_TRUE(device_->inject(*parsed, now_));
    }
    void remake() { device_ = *make_toy_registrar(options_); }

    ToyOptions options_{.store = std::make_shared<MemoryFiscalStore>()};
    os::Instant now_{};
    std::unique_ptr<FiscalSimulator> device_ = *make_toy_registrar(options_);
};

TEST_F(Toy, AnswersAsTheReadmeShows) {
    EXPECT_EQ(ask("01 01 00"), "0A 01 00 54 4F 59 30 30 30 30 31 78");
    EXPECT_EQ(ask("01 02 03"), "0E 02 00 00 00 00 00 00 00 00 00 00 00 00 00 0C");
    EXPECT_EQ(ask(kRegister), "06 03 00 01 00 00 00 04");
    EXPECT_EQ(ask("01 02 03"), "0E 02 00 01 00 00 00 B7 61 00 00 00 00 00 00 DB");
    EXPECT_EQ(ask("05 04 01 00 00 00 00"),
              "16 04 00 01 00 00 00 B7 61 00 00 00 00 00 00 07 00 00 00 00 00 00 00 C2");
    EXPECT_EQ(ask("01 09 08"), "02 09 01 0A");
}

TEST_F(Toy, DropsAFrameWithAWrongCheckInSilence) {
    EXPECT_EQ(ask("01 01 01"), "");
    EXPECT_EQ(ask("00"), "");
    EXPECT_EQ(ask("01 02 03").substr(0, 5), "0E 02");
}

TEST_F(Toy, ForgetsHalfAFrameAfterAPause) {
    EXPECT_EQ(ask("11 03 B7", std::chrono::milliseconds(21)), "");
    EXPECT_EQ(ask("01 01 00").substr(0, 5), "0A 01");
}

TEST_F(Toy, RefusesWrongLengthsAndAmountsWithoutADocument) {
    EXPECT_EQ(ask("02 03 00 01"), "02 03 02 03");
    EXPECT_EQ(ask("11 03 00 00 00 00 00 00 00 00 07 00 00 00 00 00 00 00 15"), "02 03 03 02");
    fault("paper_out");
    EXPECT_EQ(ask(kRegister), "02 03 04 05");
    EXPECT_TRUE(device_->documents().empty());
}

TEST_F(Toy, RegistersAlthoughItsAnswerIsLost) {
    fault("lose");
    EXPECT_EQ(ask(kRegister), "");
    ASSERT_EQ(device_->documents().size(), 1U);
    EXPECT_EQ(device_->documents()[0].tag, 7U);
}

TEST_F(Toy, RegistersNothingWhenTheRequestIsLostOrGarbled) {
    fault("lose", {{"side", "host"}});
    EXPECT_EQ(ask(kRegister), "");
    fault("garble", {{"side", "host"}, {"at", "5"}});
    EXPECT_EQ(ask(kRegister), "");
    EXPECT_TRUE(device_->documents().empty());
    EXPECT_EQ(ask(kRegister), "06 03 00 01 00 00 00 04");
    EXPECT_EQ(device_->state().faults_fired, 2U);
}

TEST_F(Toy, PowerCutBeforeExecutionRegistersNothingAndAfterItKeepsTheDocument) {
    fault("power_cut", {{"side", "host"}, {"at", "18"}, {"off_ms", "10"}});
    EXPECT_EQ(ask(kRegister), "");
    EXPECT_TRUE(device_->documents().empty());
    fault("power_cut", {{"side", "device"}, {"at", "2"}, {"off_ms", "10"}});
    EXPECT_EQ(ask(kRegister), "06 03 00");
    EXPECT_EQ(device_->documents().size(), 1U);
    EXPECT_TRUE(device_->powered());
}

TEST_F(Toy, MemoryOutlivesTheSimulator) {
    ask(kRegister);
    remake();
    EXPECT_EQ(ask("01 02 03"), "0E 02 00 01 00 00 00 B7 61 00 00 00 00 00 00 DB");
    EXPECT_EQ(device_->tape().size(), 1U);
}

TEST_F(Toy, AnotherMasterMovesTheCounters) {
    fault("other_master", {{"total", "500"}, {"count", "2"}});
    EXPECT_EQ(ask("01 02 03"), "0E 02 00 02 00 00 00 E8 03 00 00 00 00 00 00 E5");
}

TEST_F(Toy, SaysAnotherSerialWhenSwapped) {
    fault("swap_device", {{"serial", "12345678"}});
    EXPECT_EQ(ask("01 01 00").substr(0, 32), "0A 01 00 31 32 33 34 35 36 37 38");
}

}  // namespace
}  // namespace tillhost::simulators::toy
