// Claim: a log entry is always one line of a stable form, whatever its values hold.
// Shown by reading the lines back from a sink that keeps them.
#include "hal/os/log.h"

#include <gtest/gtest.h>

#include "hal/os/fake/kept_log.h"

namespace tillhost::os {
namespace {

TEST(Logger, WritesMessageAndFields) {
    KeptLog kept;
    Logger(kept).info("host started", {{"device", "kassa"}, {"pid", "12"}});
    EXPECT_EQ(kept.lines(), std::vector<std::string>{"host started device=kassa pid=12"});
}

TEST(Logger, QuotesWhatCouldBeMistakenForAnotherField) {
    KeptLog kept;
    Logger(kept).info("m", {{"a", "x y=1"}, {"b", ""}, {"c", "say \"no\""}, {"d", "a\nb"}});
    EXPECT_EQ(kept.lines().front(), R"(m a="x y=1" b="" c="say \"no\"" d="a\x0ab")");
}

TEST(Logger, KeepsLowerSeveritiesBack) {
    KeptLog kept;
    const Logger logger(kept, Severity::warning);
    logger.info("quiet");
    logger.warning("loud");
    EXPECT_EQ(kept.lines(), std::vector<std::string>{"loud"});
}

}  // namespace
}  // namespace tillhost::os
