// Claim: licd remembers its newest log lines within bounds and passes on only what is grave enough;
// an archive of logs is a ustar that any tool reads, never larger than the contract allows, and
// what is left out is the oldest. Shown: by hand-made lines, on the bytes of the archive, and with
// parts at their worst.
#include "licd/runtime/log_pack.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "licd/runtime/log_book.h"
#include "licd/runtime/tar.h"

namespace tillhost::licd::runtime {
namespace {

/// A reader of its own: walks the headings by the sizes that they say, and counts their sums.
std::map<std::string, std::string> unpacked(const base::Bytes& bytes) {
    const std::string tar = base::string_of(bytes);
    std::map<std::string, std::string> files;
    EXPECT_EQ(tar.size() % 512, 0U);
    std::size_t at = 0;
    while (at + 512 <= tar.size() && tar[at] != '\0') {
        std::string heading = tar.substr(at, 512);
        EXPECT_EQ(heading.substr(257, 8), std::string("ustar\0"
                                                      "00",
                                                      8));
        const unsigned long said = std::strtoul(heading.substr(148, 6).c_str(), nullptr, 8);
        heading.replace(148, 8, "        ");
        unsigned long sum = 0;
        for (const char c : heading) {
            sum += static_cast<unsigned char>(c);
        }
        EXPECT_EQ(said, sum);
        const std::size_t size = std::strtoul(heading.substr(124, 11).c_str(), nullptr, 8);
        files[heading.c_str()] = tar.substr(at + 512, size);
        at += 512 + (size + 511) / 512 * 512;
    }
    EXPECT_EQ(tar.size(), at + 1024);
    return files;
}

TEST(LogBook, RemembersTheNewestAndPassesOnWhatIsGraveEnough) {
    os::KeptLog log;
    os::FakeClock clock;
    LogBook book(log, clock);
    const os::Logger logger(book, os::Severity::debug);
    logger.notice("one", {{"a", "b"}});
    logger.info("two");
    EXPECT_EQ(log.lines(), std::vector<std::string>{"one a=b"});
    ASSERT_EQ(book.lines().size(), 1U);
    EXPECT_EQ(book.lines()[0], utc_text(clock.unix_ms()) + " notice one a=b");
    book.set_least(os::Severity::info);
    logger.info("three");
    EXPECT_TRUE(log.holds("three"));
    for (std::size_t i = 0; i < 2 * kLogBookLinesMax; ++i) {
        logger.notice(std::to_string(i));
    }
    EXPECT_EQ(book.lines().size(), kLogBookLinesMax);
    for (std::size_t i = 0; i < kLogBookLinesMax; ++i) {
        logger.notice(std::string(2 * kLogBookLineBytesMax, 'x'));
    }
    std::size_t bytes = 0;
    for (const std::string& line : book.lines()) {
        bytes += line.size();
    }
    EXPECT_LE(bytes, kLogBookBytesMax);
    EXPECT_GT(bytes, kLogBookBytesMax - 2 * kLogBookLineBytesMax);
}

TEST(LogBook, WritesTimeAsItIs) {
    EXPECT_EQ(utc_text(1'772'442'000'125), "2026-03-02T09:00:00.125Z");
}

TEST(Tar, IsOneThatOtherToolsRead) {
    const auto tar = make_tar({{"a.txt", "hello"}, {"b.txt", ""}, {"c.txt", std::string(512, 'c')}},
                              1'772'442'000);
    const auto files = unpacked(tar);
    EXPECT_EQ(files.at("a.txt"), "hello");
    EXPECT_EQ(files.at("b.txt"), "");
    EXPECT_EQ(files.at("c.txt"), std::string(512, 'c'));
    EXPECT_EQ(tar.size(), tar_bytes({5, 0, 512}));
    // What GNU tar 1.34 writes of that file, mode 0644 and nobody's, with --format=ustar.
    const std::string gnu(
        "0000644\0"
        "0000000\0"
        "0000000\0"
        "00000000005\0"
        "15151250620\0"
        "010215\0 0",
        57);
    EXPECT_EQ(base::string_of(tar).substr(100, 57), gnu);
}

LogPackParts parts() {
    LogPackParts parts;
    parts.version = "0.1.0";
    parts.unix_ms = 1'772'442'000'125;
    parts.settings.settings.emplace_back().name = "times.lease_s";
    parts.settings.settings[0].value = "600";
    parts.settings.settings[0].source = contract::LicenceSettingSource::panel;
    contract::LicenceKey& key = parts.keys.emplace_back();
    key.serial = "4410-0093-7721";
    key.kind = contract::LicenceKeyKind::software;
    key.state = contract::LicenceKeyState::active;
    parts.acts = {{2, 1'772'442'000'000, "panel:ann", "set_licence_key", "4410, off: done"}};
    parts.log = {"old", "new"};
    return parts;
}

TEST(LogPack, HoldsEverythingUnderItsName) {
    const auto logs = pack_logs(parts());
    EXPECT_EQ(logs.file, "licd-logs-20260302T090000Z.tar");
    const auto files = unpacked(logs.content);
    EXPECT_NE(files.at("version.txt").find("0.1.0"), std::string::npos);
    EXPECT_EQ(files.at("settings.txt"), "times.lease_s = \"600\" (panel)\n");
    EXPECT_NE(files.at("keys.txt").find("4410-0093-7721 software"), std::string::npos);
    EXPECT_EQ(files.at("acts.txt"),
              "2 2026-03-02T09:00:00.000Z panel:ann set_licence_key: 4410, off: done\n");
    EXPECT_EQ(files.at("log.txt"), "old\nnew\n");
}

TEST(LogPack, LeavesTheOldestOutWhenThereIsTooMuch) {
    LogPackParts much = parts();
    much.acts.assign(kPackedActsMax, {1, 0, std::string(128, 'w'), "act", std::string(500, 'a')});
    much.acts.front().number = 99;
    much.settings.settings.assign(64, much.settings.settings[0]);
    for (auto& one : much.settings.settings) {
        one.value = std::string(kPackedSettingsBytesMax, 'v');
    }
    contract::LicenceKey key = much.keys[0];
    key.lines.resize(256);
    for (auto& line : key.lines) {
        line.name = std::string(64, 'n');
    }
    much.keys.assign(100, key);
    much.log.assign(5000, std::string(1000, 'o'));
    much.log.back() = "the newest";
    const auto logs = pack_logs(much);
    EXPECT_LE(logs.content.size(), kLogPackBytesMax);
    EXPECT_GT(logs.content.size(), kLogPackBytesMax - 2000);
    const auto files = unpacked(logs.content);
    EXPECT_EQ(files.at("acts.txt").compare(0, 3, "99 "), 0);
    for (const char* name : {"acts.txt", "keys.txt", "settings.txt"}) {
        EXPECT_NE(files.at(name).find("the rest is left out"), std::string::npos) << name;
    }
    const std::string& log = files.at("log.txt");
    EXPECT_EQ(log.substr(log.size() - 11), "the newest\n");
}

}  // namespace
}  // namespace tillhost::licd::runtime
