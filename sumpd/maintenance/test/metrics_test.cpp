// Claim: the figures are text that Prometheus reads, and health names what a person has to do, the
// gravest first. Shown by made facts.
#include "sumpd/maintenance/metrics.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace tillhost::sumpd::maintenance {
namespace {

constexpr std::int64_t kNow = 1'780'000'000'000;

Facts well() { return {.last_backup_ms = kNow - 1000}; }

TEST(Metrics, EachLineIsOneOfTheFormat) {
    Facts facts = well();
    facts.documents_waiting = 7;
    facts.oldest_unsent_ms = kNow - 90'000;
    std::istringstream lines(metrics_text(facts, "1.2.3", kNow));
    const std::regex sample(R"(tillhost_sumpd_[a-z_]+(\{[a-z]+="[^"]*"\})? -?[0-9.e+]+)");
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.starts_with("# HELP ") || line.starts_with("# TYPE ") ||
                    std::regex_match(line, sample))
            << line;
        EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
    }
    EXPECT_EQ(seen.count("tillhost_sumpd_documents{state=\"waiting\"} 7"), 1U);
    EXPECT_EQ(seen.count("tillhost_sumpd_oldest_unsent_seconds 90"), 1U);
    EXPECT_EQ(seen.count("tillhost_sumpd_build_info{version=\"1.2.3\"} 1"), 1U);
}

TEST(Health, IsFineWhereNothingIsWrong) {
    EXPECT_TRUE(alarms_of(well(), kNow).empty());
    EXPECT_EQ(health_json({}, "1.2.3"), R"({"state":"fine","version":"1.2.3"})");
}

TEST(Health, NamesWhatIsWrongTheGravestFirst) {
    Facts facts = well();
    facts.gaps = 1;
    facts.has_spare = false;
    facts.oldest_unsent_ms = kNow - kUnsentLookMs;
    const auto alarms = alarms_of(facts, kNow);
    ASSERT_EQ(alarms.size(), 3U);
    EXPECT_EQ(alarms[0].code, "disk_short");
    EXPECT_EQ(alarms[0].grave, Grave::act);
    EXPECT_EQ(alarms[1].grave, Grave::look);
    facts.oldest_unsent_ms = kNow - kUnsentActMs;
    EXPECT_EQ(alarms_of(facts, kNow)[1].code, "documents_unsent");
    EXPECT_EQ(alarms_of(facts, kNow)[1].grave, Grave::act);
    const std::string json = health_json(alarms, "1");
    EXPECT_NE(json.find(R"("state":"act")"), std::string::npos);
    EXPECT_NE(json.find(R"("code":"documents_missing")"), std::string::npos);
}

TEST(Health, ACopyThatIsOldOrMissingIsTold) {
    Facts facts = well();
    facts.last_backup_ms = kNow - kBackupOldMs;
    EXPECT_EQ(alarms_of(facts, kNow).at(0).code, "backup_old");
    facts.last_backup_ms = 0;
    EXPECT_EQ(alarms_of(facts, kNow).at(0).code, "backup_old");
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
