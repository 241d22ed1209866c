// Claim: the simulator reads and writes every vector of both variants byte for byte.
// Shown by the files under tests/vectors: frames re-encoded, requests put to a device in that
// state.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "simulators/fiscal/shtrih/answers.h"
#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

using Vector = std::map<std::string, std::string>;

std::map<std::string, Vector> read_vectors(const std::string& file) {
    std::ifstream input("tests/vectors/fiscal/shtrih/" + file);
    std::map<std::string, Vector> vectors;
    std::string line;
    std::string name;
    while (std::getline(input, line)) {
        const auto blank = line.find(' ');
        if (line.empty() || line[0] == '#' || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        const std::string value = line.substr(blank + 1);
        name = key == "name" ? value : name;
        vectors[name][key] = value;
    }
    return vectors;
}

std::string message_of(const std::string& frame_hex) {
    const base::Bytes frame = *base::from_hex(frame_hex);
    const auto message = decode_frame(frame);
    EXPECT_TRUE(message) << frame_hex;
    return message ? base::to_hex(*message) : "";
}

class Vectors : public testing::Test {
protected:
    Vectors() {
        for (const auto& file : {"published.txt", "derived.txt"}) {
            for (auto& [name, vector] : read_vectors(file)) {
                vectors_[name] = vector;
            }
        }
    }
    /// Puts the vector's request to the device and expects the vector's answer.
    void expect_answer(Host& host, const std::string& name) {
        ASSERT_TRUE(vectors_.contains(name)) << name;
        seen_.push_back(name);
        EXPECT_EQ(host.done(message_of(vectors_[name]["req"])), message_of(vectors_[name]["ans"]))
            << name << ": " << vectors_[name]["about"];
    }
    std::string request(const std::string& name) { return message_of(vectors_[name]["req"]); }
    std::string answer(const std::string& name) { return message_of(vectors_[name]["ans"]); }

    std::map<std::string, Vector> vectors_;
    std::vector<std::string> seen_;
};

TEST_F(Vectors, EveryFrameIsReadAndWrittenExactly) {
    ASSERT_GE(vectors_.size(), 60U);
    for (auto& [name, vector] : vectors_) {
        for (const auto& key : {"req", "ans"}) {
            if (vector.contains(key)) {
                const base::Bytes message = *base::from_hex(message_of(vector[key]));
                EXPECT_EQ(base::to_hex(encode_frame(message)), vector[key]) << name;
            }
        }
    }
}

TEST_F(Vectors, ADayOfSalesAnswersAsDerived) {
    ShtrihOptions options;
    options.short_status_17 = false;
    Host host(options);
    for (const auto& name :
         {"D2", "D3", "D4", "D1", "D32", "D13", "D5", "D6", "D7", "D8", "D9", "D12"}) {
        expect_answer(host, name);
    }
    EXPECT_EQ(host.ask(request("D14")), answer("D14"));
    EXPECT_EQ(host.done(request("D10")).substr(0, 23), answer("D10").substr(0, 23));
    for (const auto& name :
         {"D20", "D21", "D22", "D23", "D24", "D27", "D28", "D31", "D41", "D42"}) {
        expect_answer(host, name);
    }
    expect_answer(host, "P3");
    for (const auto& name : {"D43", "D44", "D17", "D18", "D19", "D46", "D48", "P13"}) {
        expect_answer(host, name);
    }
}

TEST_F(Vectors, APositionWithoutDepartmentIsTaken) {
    Host host;
    host.done(kOpenShift);
    expect_answer(host, "P8");
}

TEST_F(Vectors, PrintCommandsWaitForThePrinter) {
    ShtrihOptions options;
    options.line_time = std::chrono::milliseconds(100);
    Host host(options);
    host.done(kOpenShift);
    host.ask(kMilk);
    host.ask(close_message(9980, 0));
    EXPECT_EQ(host.ask(request("D45")), answer("D45"));
    EXPECT_EQ(host.ask(request("D15")), answer("D15"));
}

TEST_F(Vectors, ContinuedPrintingAnswersAsDerived) {
    Host host;
    host.done(kOpenShift);
    host.done(kMilk);
    host.fault("paper_out", {{"after", "3"}});
    host.done(close_message(9980, 0));
    host.fault("paper_in");
    expect_answer(host, "D33");
}

TEST_F(Vectors, CorrectionAnswersAsDerived) {
    Host host;
    host.done(kOpenShift);
    expect_answer(host, "D38");
    expect_answer(host, "D39");
    EXPECT_EQ(host.done(request("D40")).substr(0, 11), "FF 4A 00 01");
}

TEST_F(Vectors, CloseAndSearchAreWrittenAsDerived) {
    // 2024-05-31 17:42
    constexpr std::int64_t kTime = 1'717'177'320'000;
    const Closed closed{
        .change_minor = 4985, .number = 1234, .sign = 987654321, .date_time_ms = kTime};
    const auto text = [](const std::string& head, const base::Bytes& data) {
        return head + " " + base::to_hex(data);
    };
    EXPECT_EQ(text("FF 45 00", encode_close(closed, false)), answer("D10"));
    EXPECT_EQ(text("FF 45 00", encode_close(closed, true)), answer("D11"));
    FiscalDocument document;
    document.operation = FiscalOperation::sale;
    document.number = 1234;
    document.sign = 987654321;
    document.total_minor = 25015;
    document.date_time_ms = kTime;
    EXPECT_EQ(text("FF 0A 00", encode_found(document, false, "", "")), answer("D30"));
    EXPECT_EQ(text("FF 39 00", encode_exchange(2, 1233, kTime - 12 * 60'000)), answer("D47"));
}

TEST_F(Vectors, PublishedMessagesAreWrittenExactly) {
    auto messages = read_vectors("messages.txt");
    const auto at = [](int year, unsigned month, unsigned day, int hour, int minute) {
        const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                               std::chrono::day(day)};
        return (std::chrono::sys_days(date).time_since_epoch().count() * 1440LL + hour * 60 +
                minute) *
               60'000;
    };
    FiscalDocument receipt;
    receipt.operation = FiscalOperation::sale;
    receipt.number = 163;
    receipt.sign = 776727275;
    receipt.total_minor = 20000;
    receipt.date_time_ms = at(2017, 3, 24, 20, 53);
    EXPECT_EQ("FF 0A 00 " + base::to_hex(encode_found(receipt, false, "", "")),
              messages["FSFindDocument_receipt"]["ans"]);
    FiscalDocument shift;
    shift.type = FiscalDocumentType::shift_open;
    shift.number = 3;
    shift.shift_number = 1;
    shift.sign = 0xD0AEE15B;
    shift.date_time_ms = at(2017, 7, 6, 2, 53);
    EXPECT_EQ("FF 0A 00 " + base::to_hex(encode_found(shift, false, "", "")),
              messages["FSFindDocument_shift_open"]["ans"]);
    const Closed closed{.change_minor = 0, .number = 82, .sign = 1040957426, .date_time_ms = 0};
    EXPECT_EQ("FF 45 00 " + base::to_hex(encode_close(closed, false)), messages["Q10"]["ans"]);
    Host host;
    for (const auto& name : {"ReadErrorDescription", "Q8", "Q3", "Q4"}) {
        EXPECT_EQ(host.done(messages[name]["req"]), messages[name]["ans"]) << name;
    }
    host.done(kCancel);
}

TEST_F(Vectors, EveryFrameOfVariant2IsReadAndWrittenExactly) {
    for (auto& [name, vector] : read_vectors("variant2.txt")) {
        for (const auto& key : {"req", "ans"}) {
            if (vector.contains(key)) {
                const auto frame = decode_frame2(*base::from_hex(vector[key]));
                ASSERT_TRUE(frame) << name;
                EXPECT_EQ(base::to_hex(encode_frame2(*frame)), vector[key]) << name;
            }
        }
    }
}

TEST_F(Vectors, Variant2AnswersAsOnTheWire) {
    auto frames = read_vectors("variant2.txt");
    ShtrihOptions options;
    options.short_status_17 = false;
    Host host(options);
    const auto expect = [&](const std::string& name) {
        EXPECT_EQ(host.say(frames[name]["req"], std::chrono::seconds(5)), frames[name]["ans"])
            << name;
    };
    const auto say = [&](std::uint16_t number, std::string_view message) {
        const Frame2 frame{.number = number, .data = *base::from_hex(message)};
        host.say(base::to_hex(encode_frame2(frame)), std::chrono::seconds(5));
    };
    const auto last_number = [&](std::string_view number) {
        host.fault("number_reset", {{"number", std::string(number)}});
    };
    expect("Q1");
    expect("V1");
    last_number("3");
    expect("Q3");
    last_number("15");
    expect("Q4");
    say(17, "FF 08 1E 00 00 00");
    say(18, kMilk);
    last_number("4");
    expect("Q5");
    expect("Q8");
    last_number("14");
    expect("Q13");
    last_number("23");
    say(24, "1E 1E 00 00 00 11 01 00 07 00");
    expect("Q14");
    last_number("140");
    say(141, kMilk);
    say(142, close_message(9980, 0));
    expect("V2");
}

TEST_F(Vectors, ASettlementReportIsWrittenExactly) {
    constexpr std::int64_t kDay20180125 = 1'516'838'400'000;
    const Closed closed{.change_minor = 0, .number = 13, .sign = 0x073F923B, .date_time_ms = 0};
    EXPECT_EQ("FF 38 00 " + base::to_hex(encode_settlement(closed, 2, kDay20180125, false)),
              read_vectors("variant2.txt")["settlement"]["message"]);
}

/// D6 and D7 are in the receipt and D10 has been sent.
class LostAnswer : public Vectors {
protected:
    LostAnswer() {
        for (const auto& name : {"D1", "D6", "D7"}) {
            host_.done(request(name));
        }
    }
    std::string close() { return host_.say(vectors_["D10"]["req"]); }
    std::size_t documents() { return host_.device().documents().size(); }
    static bool is_close(const std::string& said) {
        return said.starts_with("06 02 10 FF 45 00 79 13 00 00 00 03 00 00 00");
    }
    Host host_;
};

TEST_F(LostAnswer, V3ABrokenAnswerIsGivenAgainAfterNakAndEnq) {
    EXPECT_EQ(host_.say("05"), "15");
    host_.fault("bad_checksum");
    const std::string broken = close();
    EXPECT_FALSE(decode_frame(*base::from_hex(broken.substr(3))));
    EXPECT_EQ(host_.say("15"), "");
    EXPECT_TRUE(is_close(host_.say("05")));
    host_.say("06");
    EXPECT_EQ(documents(), 3U);
}

TEST_F(LostAnswer, V4ANewHostGetsTheAnswerOfTheOldOne) {
    close();
    host_.listen(std::chrono::seconds(30));
    EXPECT_TRUE(is_close(host_.say("05")));
    host_.say("06");
    EXPECT_EQ(host_.say("05"), "15");
}

TEST_F(LostAnswer, V5PowerForgetsItAndTheStorageTells) {
    close();
    host_.device().power(false, host_.now());
    host_.device().power(true, host_.now());
    EXPECT_EQ(host_.say("05"), "15");
    EXPECT_EQ(host_.ask(kStorageStatus).substr(87), "03 00 00 00");
    EXPECT_EQ(host_.ask("FF 0A 1E 00 00 00 03 00 00 00").substr(54), "01 B7 61 00 00 00");
}

TEST_F(LostAnswer, V6TheSameNumberBringsTheSameAnswer) {
    host_.device().power(false, host_.now());
    host_.device().power(true, host_.now());
    const std::string frame =
        base::to_hex(encode_frame2({.number = 2, .data = *base::from_hex(request("D10"))}));
    const std::string first = host_.say(frame);
    EXPECT_TRUE(decode_frame2(*base::from_hex(first)));
    EXPECT_EQ(host_.say(frame), first);
    EXPECT_EQ(documents(), 3U);
}

TEST_F(Vectors, RegistersAnswerAsDerived) {
    Host host;
    host.done(kOpenShift);
    host.done("50 1E 00 00 00 37 9A 01 00 00");  // 1050.15 into the drawer
    expect_answer(host, "D25");
    const std::string cash_in = host.done(request("D16"));
    EXPECT_EQ(cash_in.substr(0, 8), answer("D16").substr(0, 8));
    EXPECT_EQ(host.done(request("D26")), "1B 00 1E 00 00");
    EXPECT_EQ(host.done(request("D29")), "FF 40 00 01 01 00 00 00");
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
