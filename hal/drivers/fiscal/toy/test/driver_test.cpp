// Claim: whatever the line does to a sale, and wherever the host dies, the driver tells the truth.
// Shown against the simulator on virtual time, and by its known bugs, each of which is found.
#include "hal/drivers/fiscal/toy/driver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "simulators/fiscal/toy/registrar.h"
#include "tests/support/virtual_line.h"

namespace tillhost::drivers::toy {
namespace {

using base::Effect;
using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr os::Duration kLateBytesMax = milliseconds(800);
constexpr os::Duration kBudget = seconds(20);
/// A sale's frames in one direction, and those of the opening after it.
constexpr int kFrames = 9;

contract::Receipt receipt_of(std::int64_t price) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine line;
    line.name = "bread";
    line.price_minor = price;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.lines.push_back(line);
    receipt.payments.push_back({contract::PaymentKind::cash, price + 50});
    return receipt;
}

/// Writes at once; keeps the marker.
class OpenGate final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override {
        if (refuse) {
            return base::make_error(ErrorCode::wrong_state, "another attempt runs");
        }
        if (const auto* found = std::get_if<contract::Marker>(&record)) {
            marker = *found;
        }
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}

    bool refuse = false;
    std::optional<contract::Marker> marker;
};

/// What goes wrong in one sale.
struct Trouble {
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> faults{};
    int kill_at = 0;
    os::Duration bytes_late_by{};
    bool swapped = false;       ///< another registrar stands there afterwards
    bool other_master = false;  ///< somebody else sells before the line is opened anew
};

class Shop {
public:
    explicit Shop(KnownBugs bugs = {}, std::vector<contract::Setting> settings = {})
        : bugs_(bugs), settings_(std::move(settings)) {}

    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending = {}) {
        driver_ = MUST(make_driver_with_bugs(settings_, cable_.connector(), clock_, bugs_));
        return driver_->open(pending, gate_, clock_.now() + kBudget);
    }
    base::Result<contract::OperationResult> execute(const contract::Command& command) {
        return driver_->execute(command, gate_, clock_.now() + kBudget);
    }
    base::Result<contract::ClassStatus> status() {
        return driver_->query(contract::Query(contract::StatusQuery{}), clock_.now() + kBudget);
    }
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {}) {
        ASSERT_TRUE(device_->inject(MUST(simulators::parse_fault(name, keys)), clock_.now()));
    }
    std::string sell_in(const Trouble& trouble);

    std::size_t documents() const { return device_->documents().size(); }
    device::Driver& driver() { return *driver_; }
    OpenGate& gate() { return gate_; }
    contract::Pending pending(const contract::Receipt& receipt) const {
        contract::Pending pending;
        pending.attempt = 1;
        pending.command = receipt;
        pending.marker = *gate_.marker;
        return pending;
    }

private:
    std::string ask_again(const Trouble& trouble, const contract::Receipt& receipt);
    std::string judge(const Trouble& trouble, const contract::Resolution& word);
    std::string is_true(const contract::OperationResult& told);

    KnownBugs bugs_;
    std::vector<contract::Setting> settings_;
    os::FakeClock clock_;
    std::unique_ptr<simulators::FiscalSimulator> device_ = *simulators::toy::make_toy_registrar({});
    support::VirtualCable cable_{*device_, clock_, kLateBytesMax};
    OpenGate gate_;
    std::unique_ptr<device::Driver> driver_;
};

/// Sells once while that goes wrong, and asks until there is a word. Returns the lie, or nothing.
std::string Shop::sell_in(const Trouble& trouble) {
    const contract::Receipt receipt = receipt_of(25015);
    if (!open()) {
        return "cannot open a healthy registrar";
    }
    for (const auto& [name, keys] : trouble.faults) {
        fault(name, keys);
    }
    cable_.kill_at(trouble.kill_at, trouble.bytes_late_by);
    std::optional<base::Result<contract::OperationResult>> told;
    try {
        told = execute(receipt);
    } catch (const support::Killed&) {
    }
    cable_.kill_at(0);
    if (told && *told) {
        return is_true(**told);
    }
    if (!gate_.marker || (told && told->error().effect == Effect::none)) {
        cable_.run_for(seconds(5));
        return documents() == 0 ? "" : "a document that nobody was told of";
    }
    return ask_again(trouble, receipt);
}

std::string Shop::ask_again(const Trouble& trouble, const contract::Receipt& receipt) {
    if (trouble.swapped) {
        fault("swap_device", {{"serial", "12345678"}});
    }
    if (trouble.other_master) {
        fault("other_master", {{"total", "500"}});
    }
    for (int tries = 0; tries < kFrames; ++tries) {
        const auto opened = open(pending(receipt));
        if (opened) {
            return judge(trouble, *opened->resolution);
        }
        if (trouble.swapped && opened.error().code == ErrorCode::wrong_device) {
            return "";
        }
        cable_.run_for(milliseconds(100));
    }
    return "never a word";
}

std::string Shop::judge(const Trouble& trouble, const contract::Resolution& word) {
    if (trouble.swapped) {
        return "a verdict of another registrar";
    }
    switch (word.verdict) {
        case contract::Verdict::executed: return is_true(*word.result);
        case contract::Verdict::cannot_tell:
            return trouble.other_master ? "" : "cannot tell: " + word.reason;
        case contract::Verdict::not_executed: break;
        case contract::Verdict::unspecified: return "no verdict";
    }
    cable_.run_for(seconds(5));
    return documents() == 0 ? "" : "said not executed, but it was";
}

std::string Shop::is_true(const contract::OperationResult& told) {
    cable_.run_for(seconds(5));
    const auto& result = std::get<contract::FiscalResult>(told);
    const auto& all = device_->documents();
    if (!gate_.marker) {
        return "irreversible bytes without a marker";
    }
    if (all.size() != 1) {
        return fmt::format("said executed, there are {} documents", all.size());
    }
    const bool same = result.fiscal_document_number == all[0].number &&
                      result.total_minor == all[0].total_minor && result.change_minor == 50 &&
                      all[0].tag == tag_of(receipt_of(25015)) && result.serial == "TOY00001";
    return same ? "" : "the numbers are not those of the document";
}

using Keys = std::vector<std::pair<std::string, std::string>>;

/// Every fault of the line on every frame, either way, and every place to die.
std::vector<Trouble> all_troubles() {
    const std::vector<std::pair<std::string, Keys>> kinds{
        {"lose", {}},
        {"late", {{"ms", "300"}}},
        {"late", {{"ms", "700"}}},
        {"double", {}},
        {"cut", {{"at", "1"}}},
        {"garble", {{"at", "0"}, {"mask", "4"}}},
        {"garble", {{"at", "2"}, {"mask", "1"}}},
        {"power_cut", {{"at", "0"}, {"off_ms", "40"}}},
        {"power_cut", {{"at", "2"}, {"off_ms", "900"}}},
        {"power_cut", {{"at", "18"}, {"off_ms", "10"}}}};
    std::vector<Trouble> troubles{{}};
    for (const std::string side : {"host", "device"}) {
        for (int nth = 1; nth <= kFrames; ++nth) {
            for (auto [name, keys] : kinds) {
                keys.emplace_back("side", side);
                keys.emplace_back("nth", std::to_string(nth));
                troubles.push_back({.faults = {{name, keys}}});
            }
        }
    }
    const std::size_t faults = troubles.size();
    for (int point = 1; point <= 2 * 3; ++point) {  // a write and a read each frame of a sale
        for (const int late_ms : {0, 300, 700}) {
            troubles.push_back({.kill_at = point, .bytes_late_by = milliseconds(late_ms)});
        }
        for (std::size_t i = 1; i < faults; i += 3) {
            Trouble both = troubles[i];
            both.kill_at = point;
            troubles.push_back(both);
        }
    }
    // The answer to register is lost, and then …
    const std::pair<std::string, Keys> lost{"lose", {{"side", "device"}, {"nth", "3"}}};
    troubles.push_back({.faults = {lost}, .swapped = true});
    troubles.push_back({.faults = {lost}, .other_master = true});
    // The register frame is lost, and something else is there to be taken for its answer.
    troubles.push_back({.faults = {{"double", {{"side", "device"}, {"nth", "2"}}},
                                   {"lose", {{"side", "host"}, {"nth", "3"}}}}});
    troubles.push_back({.faults = {lost, {"lose", {{"side", "host"}, {"nth", "5"}}}}});
    return troubles;
}

std::string words_of(const Trouble& trouble) {
    std::string words;
    for (const auto& [name, keys] : trouble.faults) {
        words += name;
        for (const auto& [key, value] : keys) {
            words += fmt::format(" {}={}", key, value);
        }
        words += "; ";
    }
    return words + fmt::format("kill at {}, late by {} ms", trouble.kill_at,
                               trouble.bytes_late_by / milliseconds(1));
}

std::size_t lies_with(KnownBugs bugs) {
    std::size_t lies = 0;
    for (const Trouble& trouble : all_troubles()) {
        lies += Shop(bugs).sell_in(trouble).empty() ? 0 : 1;
    }
    return lies;
}

TEST(ToyDriver, TellsTheTruthWhateverTheLineDoes) {
    for (const Trouble& trouble : all_troubles()) {
        EXPECT_EQ(Shop().sell_in(trouble), "") << words_of(trouble);
    }
}

TEST(ToyDriver, EachKnownBugIsALie) {
    EXPECT_EQ(lies_with({}), 0U);
    EXPECT_GT(lies_with({.skip_marker = true}), 0U);
    EXPECT_GT(lies_with({.timeout_is_failed = true}), 0U);
    EXPECT_GT(lies_with({.resend_on_silence = true}), 0U);
    EXPECT_GT(lies_with({.accept_stale_answer = true}), 0U);
    EXPECT_GT(lies_with({.verdict_on_swapped = true}), 0U);
    EXPECT_GT(lies_with({.no_wait_before_verdict = true}), 0U);
}

TEST(ToyDriver, SellsAndTellsItsStatus) {
    Shop shop;
    const auto opened = shop.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, "TOY00001");
    EXPECT_FALSE(opened->resolution);
    ASSERT_TRUE(shop.execute(receipt_of(100)));
    const auto second = shop.execute(receipt_of(200));
    ASSERT_TRUE(second) << base::to_text(second.error());
    const auto& result = std::get<contract::FiscalResult>(*second);
    EXPECT_EQ(result.fiscal_document_number, 2);
    EXPECT_TRUE(result.registered);
    EXPECT_EQ(result.printed, contract::Printed::printed);
    EXPECT_EQ(std::get<contract::FiscalMarker>(*shop.gate().marker).last_document_number, 1);
    const auto status = shop.status();
    ASSERT_TRUE(status);
    EXPECT_EQ(std::get<contract::FiscalStatus>(*status).last_document_number, 2);
    EXPECT_TRUE(std::get<contract::FiscalStatus>(*status).shift_open);
}

TEST(ToyDriver, RegistersNothingWhenTheMarkerIsRefused) {
    Shop shop;
    ASSERT_TRUE(shop.open());
    shop.gate().refuse = true;
    const auto told = shop.execute(receipt_of(100));
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, ErrorCode::wrong_state);
    EXPECT_EQ(told.error().effect, Effect::none);
    EXPECT_EQ(shop.documents(), 0U);
}

TEST(ToyDriver, ARefusalOfTheRegistrarHasNoEffect) {
    Shop shop;
    ASSERT_TRUE(shop.open());
    shop.fault("paper_out");
    const auto told = shop.execute(receipt_of(100));
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, ErrorCode::paper_out);
    EXPECT_EQ(told.error().effect, Effect::none);
    EXPECT_EQ(told.error().device_code, 4U);
}

TEST(ToyDriver, ResolveMayBeRepeatedAndSaysTheSame) {
    Shop shop;
    ASSERT_TRUE(shop.open());
    shop.fault("lose", {{"side", "device"}, {"nth", "3"}});
    ASSERT_FALSE(shop.execute(receipt_of(100)));
    for (int i = 0; i < 3; ++i) {
        const auto word =
            shop.driver().resolve(shop.pending(receipt_of(100)), shop.gate(), os::Deadline::max());
        ASSERT_TRUE(word) << base::to_text(word.error());
        EXPECT_EQ(word->verdict, contract::Verdict::executed);
    }
    // The same counters, another receipt: somebody else's document.
    const auto other =
        shop.driver().resolve(shop.pending(receipt_of(101)), shop.gate(), os::Deadline::max());
    ASSERT_TRUE(other);
    EXPECT_EQ(other->verdict, contract::Verdict::cannot_tell);
    EXPECT_EQ(shop.documents(), 1U);
}

TEST(ToyDriver, RefusesWhatItCannotDo) {
    Shop shop;
    ASSERT_TRUE(shop.open());
    EXPECT_EQ(shop.execute(contract::XReport{}).error().code, ErrorCode::not_supported);
    contract::Receipt unpaid = receipt_of(100);
    unpaid.payments[0].amount_minor = 99;
    EXPECT_EQ(shop.execute(unpaid).error().code, ErrorCode::payment_below_total);
    EXPECT_FALSE(shop.gate().marker);
}

TEST(ToyDriver, TakesOnlyTheConfiguredRegistrar) {
    Shop right({}, {{"serial", "TOY00001"}});
    EXPECT_TRUE(right.open());
    Shop wrong({}, {{"serial", "TOY00009"}});
    EXPECT_EQ(wrong.open().error().code, ErrorCode::wrong_device);
}

TEST(ToyDriver, NamesAWrongSetting) {
    const os::FakeClock clock;
    const auto unknown = make_driver({{"speed", "1"}}, nullptr, clock);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::config_invalid);
    EXPECT_EQ(unknown.error().detail, "settings.speed: one of: port, serial");
    EXPECT_EQ(make_driver({{"serial", "short"}}, nullptr, clock).error().detail,
              "settings.serial: 8 characters");
    EXPECT_EQ(make_driver({}, nullptr, clock).error().detail,
              "settings.port: where the registrar is connected");
}

}  // namespace
}  // namespace tillhost::drivers::toy
