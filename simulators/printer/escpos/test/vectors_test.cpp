// Claim: the published bytes do at the simulated printer what they are published for.
// Shown by the files under tests/vectors: said to it, its answers and its paper compared.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "simulators/printer/escpos/mechanism.h"
#include "simulators/printer/escpos/test/host.h"

namespace tillhost::simulators::escpos {
namespace {

using Vector = std::map<std::string, std::string>;

std::map<std::string, Vector> read_vectors(const std::string& file) {
    std::ifstream input("tests/vectors/printer/escpos/" + file);
    std::map<std::string, Vector> vectors;
    std::string line;
    std::string name;
    while (std::getline(input, line)) {
        const auto blank = line.find(' ');
        if (line.empty() || line[0] == '#' || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        name = key == "name" ? line.substr(blank + 1) : name;
        vectors[name][key] = line.substr(blank + 1);
    }
    return vectors;
}

/// What is said to a printer, of both files.
std::map<std::string, Vector> read_commands() {
    std::map<std::string, Vector> commands = read_vectors("published.txt");
    commands.merge(read_vectors("derived.txt"));
    std::erase_if(commands, [](const auto& each) { return !each.second.contains("req"); });
    return commands;
}

TEST(EscposVectors, EachCommandDoesWhatItIsPublishedFor) {
    const std::map<std::string, Lines> paper{
        {"cut_full_feed", {std::string(kFullCut)}},
        {"cut_partial", {std::string(kPartialCut)}},
        {"qr_1234", {"[QR 1234]"}},
        {"pdf417_store_print", {"[PDF417 1234]"}},
        {"ean13", {std::string(10, ' ') + "[EAN13 4006381333931]"}},
        {"raster_dot", {"[picture 8x1]", "▀"}},
        {"column_dot", {"[picture 1x24]", "▀"}},
        {"graphics_dot", {"[picture 1x1]", "▀"}},
        {"chinese", {"〓〓〓〓〓〓〓!"}},
    };
    const auto commands = read_commands();
    EXPECT_GE(commands.size(), 21U);
    for (const auto& [name, vector] : commands) {
        Host host({.drawer_open_high = name != "handshake"});
        std::string answer = host.say(vector.at("req"));
        answer += host.wait();
        EXPECT_EQ(answer, vector.contains("ans") ? vector.at("ans") : "") << name;
        EXPECT_EQ(host.paper(), paper.contains(name) ? paper.at(name) : Lines{}) << name;
        EXPECT_EQ(host.state().unknown_commands, 0U) << name;
    }
    for (const auto& [name, lines] : paper) {
        EXPECT_TRUE(commands.contains(name)) << name;
    }
}

TEST(EscposVectors, ADrawerGetsThePulseThatIsPublished) {
    const std::map<std::string, DrawerPulse> pulses{
        {"pulse_pin2", {.pin = 2, .on_ms = 100, .off_ms = 100}},
        {"pulse_pin5", {.pin = 5, .on_ms = 100, .off_ms = 100}},
        {"pulse_digits_pin2", {.pin = 2, .on_ms = 120, .off_ms = 240}},
        {"pulse_digits_pin5", {.pin = 5, .on_ms = 120, .off_ms = 240}},
        {"pulse_short", {.pin = 2, .on_ms = 2, .off_ms = 2}}};
    const auto commands = read_commands();
    for (const auto& [name, pulse] : pulses) {
        Host host;
        host.say(commands.at(name).at("req"));
        host.wait();
        EXPECT_EQ(host.printer().pulses(), std::vector{pulse}) << name;
    }
}

TEST(EscposVectors, EachTroubleIsToldInItsBits) {
    const std::map<std::string, std::vector<std::string>> faults{
        {"fine", {}},
        {"cover-open", {"cover_open"}},
        {"paper-out", {"paper_out"}},
        {"paper-low", {"paper_low"}},
        {"paper-low-and-out", {"paper_low", "paper_out"}},
        {"cutter", {"cutter_jam"}},
        {"head-hot", {"head_hot"}},
        {"dead", {"printer_dead"}}};
    const auto vectors = read_vectors("status.txt");
    EXPECT_EQ(vectors.size(), faults.size());
    for (const auto& [name, vector] : vectors) {
        Host host;
        std::string told = host.say("1D 61 0F");
        for (const std::string& fault : faults.at(name)) {
            host.fault(fault);
            const std::string more = host.heard();
            told = more.empty() ? told : more;
        }
        told = name == "cutter" ? host.say("1D 56 00") : told;
        EXPECT_EQ(told, vector.at("asb")) << name;
        for (const char* n : {"1", "2", "3", "4"}) {
            EXPECT_EQ(host.say("10 04 0" + std::string(n)), vector.at("eot" + std::string(n)))
                << name << n;
        }
    }
}

}  // namespace
}  // namespace tillhost::simulators::escpos
