// Claim: a recording of the driver's line holds no secret and, played to the driver, gives the same
// results; so do the recordings in tests/vectors/fiscal/shtrih/recordings.
// Shown by recording the simulator and playing it, and by playing every recording of that folder.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "hal/drivers/fiscal/shtrih/decode.h"
#include "hal/drivers/fiscal/shtrih/redactor.h"
#include "hal/drivers/fiscal/shtrih/test/rig.h"
#include "hal/os/files.h"
#include "hal/transport/recorder.h"
#include "hal/transport/replayer.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/value.h"
#include "ipc/json.h"

namespace tillhost::drivers::shtrih {
namespace {

using contract::Style;
using contract::Value;

constexpr const char* kFolder = "tests/vectors/fiscal/shtrih/recordings";
constexpr std::size_t kStepsBytesMax = 1024 * 1024;

/// Says yes to everything at once.
class WillingGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override { return {}; }
    void announce(std::string_view, os::Deadline) override {}
};

Value told(const base::Error& error) {
    return Value(Value::Map{{"error", Value(std::string(base::name_of(error.code)))},
                            {"effect", Value(std::string(base::name_of(error.effect)))}});
}

/// One step of a steps file, {"open": {}} or {"execute": COMMAND}; what the driver gave, as a tree.
Value carry_out(device::Driver& driver, const os::Clock& clock, const Value& step) {
    WillingGate gate;
    const os::Deadline deadline = clock.now() + 300s;
    if (const Value* command = step.find("execute")) {
        const auto read = contract::from_value<contract::Command>(*command);
        EXPECT_TRUE(read) << base::to_text(read.error());
        const auto result = driver.execute(*read, gate, deadline);
        return result ? contract::to_value(*result, Style::readable) : told(result.error());
    }
    EXPECT_NE(step.find("open"), nullptr);
    const auto opened = driver.open(std::nullopt, gate, deadline);
    return opened ? contract::to_value(opened->status, Style::readable) : told(opened.error());
}

Value steps_of(std::string_view json) {
    auto read = ipc::from_json(json);
    EXPECT_TRUE(read) << base::to_text(read.error());
    return read ? *read : Value(Value::Array{});
}

/// The steps with what the driver gives now.
Value run(device::Driver& driver, const os::Clock& clock, const Value& steps) {
    Value::Array done;
    for (const Value& step : *steps.get_if<Value::Array>()) {
        Value::Map with;
        for (const auto& [name, value] : *step.get_if<Value::Map>()) {
            if (name != "gives") {
                with.emplace_back(name, value);
            }
        }
        with.emplace_back("gives", carry_out(driver, clock, step));
        done.emplace_back(std::move(with));
    }
    return Value(std::move(done));
}

std::string text_of(const Value& steps) { return ipc::to_json(steps, 2) + "\n"; }

/// The driver against a recording; the recording's own complaint, or what came out.
std::string play(const transport::Recording& recording, const Value& steps) {
    transport::Replay replay(recording, make_redactor());
    std::string text;
    {
        auto driver = make_driver({}, replay.connector(), replay.clock());
        EXPECT_TRUE(driver);
        text = text_of(run(**driver, replay.clock(), steps));
    }
    const auto whole = replay.finish();
    return whole ? text : base::to_text(whole.error());
}

struct Scenario {
    const char* name;
    const char* steps;
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> faults{};
    bool numbered = false;  ///< the device knows the numbered layer only
};

constexpr const char* kDay = R"([
  {"open": {}},
  {"execute": {"open_shift": {"cashier": {"name": "Petrova A.A.", "tax_id": "500100732259"}}}},
  {"execute": {"cash_in": {"amount_minor": 100000, "currency": "RUB"}}},
  {"execute": {"receipt": {"kind": 1, "currency": "RUB",
    "cashier": {"name": "Petrova A.A.", "tax_id": "500100732259"},
    "lines": [{"name": "Bread", "price_minor": 4990, "quantity_units": 2, "vat": 1}],
    "payments": [{"kind": 1, "amount_minor": 10000}], "text": ["Thank you"]}}},
  {"execute": {"x_report": {}}},
  {"execute": {"close_shift": {}}}
])";

/// Tax numbers and contacts, which a recording has to hide, in every place that they have.
constexpr const char* kSecrets = R"([
  {"open": {}},
  {"execute": {"open_shift": {"cashier": {"name": "Petrova A.A.", "tax_id": "500100732259"}}}},
  {"execute": {"receipt": {"kind": 1, "currency": "RUB",
    "cashier": {"name": "Petrova A.A.", "tax_id": "500100732259"},
    "customer_contact": "ivan@example.org", "customer_tax_id": "7700000003",
    "lines": [{"name": "Shoes", "price_minor": 499000, "quantity_units": 1, "vat": 1}],
    "payments": [{"kind": 1, "amount_minor": 500000}], "text": ["Thank you ivan@example.org"]}}},
  {"execute": {"close_shift": {}}}
])";

constexpr const char* kTroubledSale = R"([
  {"open": {}},
  {"execute": {"open_shift": {}}},
  {"execute": {"receipt": {"kind": 1, "currency": "RUB",
    "lines": [{"name": "Bread", "price_minor": 4990, "quantity_units": 2, "vat": 1}],
    "payments": [{"kind": 1, "amount_minor": 10000}]}}}
])";

std::vector<Scenario> scenarios() {
    return {
        {"day", kDay},
        {"damaged-answers",
         kTroubledSale,
         {{"garble", {{"side", "device"}, {"nth", "3"}, {"at", "4"}}},
          {"cut", {{"side", "device"}, {"nth", "9"}, {"at", "3"}}},
          {"lose", {{"side", "host"}, {"nth", "12"}}},
          {"double", {{"side", "device"}, {"nth", "15"}}}}},
        {"silence", kTroubledSale, {{"silence", {{"ms", "900"}}}}},
        {"numbered-sale", kSecrets, {}, true},
        {"numbered-damaged",
         kTroubledSale,
         {{"garble", {{"side", "device"}, {"nth", "3"}, {"at", "6"}}},
          {"cut", {{"side", "device"}, {"nth", "9"}, {"at", "3"}}},
          {"lose", {{"side", "device"}, {"nth", "12"}}},
          {"double", {{"side", "device"}, {"nth", "15"}}}},
         true},
    };
}

std::string read_text(const std::string& path) {
    const auto bytes = os::read_file(path, std::max(kStepsBytesMax, transport::kRecordingBytesMax));
    EXPECT_TRUE(bytes) << base::to_text(bytes.error());
    return bytes ? base::string_of(*bytes) : "";
}

void keep(const std::string& name, const std::string& content) {
    // To make the stored recordings anew: TILLHOST_KEEP_RECORDINGS=<folder>.
    if (const char* folder = std::getenv("TILLHOST_KEEP_RECORDINGS")) {
        EXPECT_TRUE(
            os::write_atomically(std::string(folder) + "/" + name, base::bytes_of(content), 0644));
    }
}

class RecordingTest : public testing::TestWithParam<std::size_t> {};

TEST_P(RecordingTest, HoldsNoSecretAndPlaysAgain) {
    const Scenario scenario = scenarios()[GetParam()];
    const std::string path =
        testing::TempDir() + fmt::format("shtrih-{}-{}", scenario.name, ::getpid());
    simulators::shtrih::ShtrihOptions options;
    options.link.variant1 = !scenario.numbered;
    Counter counter(options);
    transport::Recorder recorder(counter.clock);
    ASSERT_TRUE(recorder.start(path, transport::IfThere::refuse, "fiscal/shtrih", make_redactor()));
    for (const auto& [name, keys] : scenario.faults) {
        counter.fault(name, keys);
    }
    std::string live;
    {
        auto driver =
            make_driver({{"password", "30"}},
                        recorder.wrap(std::make_unique<SimulatedPort>(counter)), counter.clock);
        ASSERT_TRUE(driver);
        live = text_of(run(**driver, counter.clock, steps_of(scenario.steps)));
    }
    ASSERT_TRUE(recorder.stop());
    const std::string text = read_text(path);
    ASSERT_TRUE(os::remove_file(path));
    keep(fmt::format("{}.recording", scenario.name), text);
    keep(fmt::format("{}.json", scenario.name), live);

    for (const char* secret : {"500100732259", "ivan@example.org", "7700000003"}) {
        const std::string bytes = base::to_hex(base::bytes_of(secret));
        EXPECT_EQ(text.find(bytes), std::string::npos) << secret;
    }
    const auto recordings = transport::parse_recordings(text);
    ASSERT_TRUE(recordings) << base::to_text(recordings.error());
    int passwords = 0;
    int hidden = 0;
    for (const transport::Event& event : recordings->front().events) {
        for (const auto& field : decode(event.bytes, device::Sender::host)) {
            if (event.kind == transport::EventKind::write && field.name == "password") {
                EXPECT_NE(field.value, "30") << to_text(event);
                hidden += field.value == "707406378" ? 1 : 0;  // four placeholders
                ++passwords;
            }
        }
    }
    // A checksum of another length may need other placeholders in the numbered layer.
    EXPECT_GT(passwords, 0);
    EXPECT_TRUE(scenario.numbered ? hidden > passwords / 2 : hidden == passwords) << hidden;
    EXPECT_EQ(play(recordings->front(), steps_of(scenario.steps)), live);
    EXPECT_EQ(live.find("\"error\""), std::string::npos) << live;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, RecordingTest,
                         testing::Range<std::size_t>(0, scenarios().size()));

TEST(StoredRecordings, GiveTheDriverTheResultsThatAreWrittenBesideThem) {
    const auto names = os::list_files(kFolder, ".recording");
    ASSERT_TRUE(names) << base::to_text(names.error());
    EXPECT_GE(names->size(), scenarios().size());
    for (const std::string& name : *names) {
        const std::string stem = std::string(kFolder) + "/" + name.substr(0, name.find('.'));
        const auto recordings = transport::parse_recordings(read_text(stem + ".recording"));
        ASSERT_TRUE(recordings) << name << ": " << base::to_text(recordings.error());
        const std::string wanted = read_text(stem + ".json");
        EXPECT_EQ(play(recordings->front(), steps_of(wanted)), wanted)
            << name << ": the driver's conversation is another one now. If that was meant, "
            << kFolder << "/README.md says how the simulator's recordings are made anew.";
    }
}

TEST(StoredRecordings, ADriverThatDoesSomethingElseIsFoundOut) {
    const auto recordings =
        transport::parse_recordings(read_text(std::string(kFolder) + "/day.recording"));
    ASSERT_TRUE(recordings);
    std::string steps = kDay;
    steps.replace(steps.find("4990"), 4, "4991");
    const std::string complaint = play(recordings->front(), steps_of(steps));
    EXPECT_NE(complaint.find("was to come, the driver writes"), std::string::npos) << complaint;
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
