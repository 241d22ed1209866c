// Claim: whatever a printer says is cut into the same answers however it arrives; recordings and
// explanations show none of what comes onto paper.
// Shown on the vectors, on every way to tear a stream in two, and on slips.
#include "hal/drivers/printer/escpos/answers.h"

#include <gtest/gtest.h>

#include "hal/drivers/printer/escpos/decode.h"
#include "hal/drivers/printer/escpos/errors.h"
#include "hal/drivers/printer/escpos/redactor.h"
#include "hal/drivers/printer/escpos/test/vectors.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Bytes;
using device::DecodedField;
using device::Sender;
using transport::Way;

std::vector<Answer> answers_in(AnswerReader& reader) {
    std::vector<Answer> answers;
    while (auto answer = reader.take()) {
        answers.push_back(std::move(*answer));
    }
    return answers;
}

std::vector<Answer> answers_in(const std::string& hex) {
    AnswerReader reader;
    reader.add(*base::from_hex(hex));
    return answers_in(reader);
}

std::string answer_of(const char* name) { return vector_of("published.txt", name).answer; }

TEST(Answers, TellPaperAsOthersPublished) {
    struct Case {
        const char* name;
        bool near_end, end;
    };
    for (const Case& now : {Case{"status_fine", false, false}, Case{"status_near_end", true, false},
                            Case{"status_out", true, true}}) {
        const auto answers = answers_in(answer_of(now.name));
        ASSERT_EQ(answers.size(), 1U);
        State state;
        take_now(state, 4, std::get<StatusNow>(answers[0]).value);
        EXPECT_EQ(state.paper_near_end, now.near_end) << now.name;
        EXPECT_EQ(state.paper_end, now.end) << now.name;
    }
    for (const char* name : {"no_status_1", "no_status_2"}) {
        for (const Answer& answer : answers_in(answer_of(name))) {
            EXPECT_FALSE(std::holds_alternative<StatusNow>(answer)) << name;
        }
    }
    State state;
    take_now(state, 1, std::get<StatusNow>(answers_in(answer_of("handshake"))[0]).value);
    EXPECT_TRUE(state.drawer_high);
    EXPECT_FALSE(obstacle_of(state));
}

TEST(Answers, TellChangesAndMarksAsTheMakerWrites) {
    const auto told = [](const char* name) {
        State state;
        take_told(state,
                  std::get<StatusTold>(answers_in(vector_of("derived.txt", name).answer)[0]));
        return state;
    };
    EXPECT_EQ(told("told_fine"), State());
    EXPECT_EQ(obstacle_of(told("told_cover"))->code, base::ErrorCode::cover_open);
    EXPECT_EQ(obstacle_of(told("told_paper_out"))->code, base::ErrorCode::paper_out);
    EXPECT_TRUE(told("told_near_end").paper_near_end);
    EXPECT_FALSE(obstacle_of(told("told_near_end")));
    EXPECT_EQ(std::get<MarkSeen>(answers_in(vector_of("derived.txt", "mark").answer)[0]).id,
              "0001");
}

TEST(Answers, AreTheSameHoweverTheyArrive) {
    const Bytes stream = *base::from_hex(
        "12 10 00 03 0F 37 22 30 30 30 31 00 5F 54 4D 00 00 13 11 FF 10 00 12 37 25 00 37 22 41 42 "
        "43 44 45 16");
    AnswerReader whole;
    whole.add(stream);
    const auto expected = answers_in(whole);
    EXPECT_GT(expected.size(), 10U);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        AnswerReader torn;
        torn.add(base::ByteView(stream).first(cut));
        auto answers = answers_in(torn);
        torn.add(base::ByteView(stream).subspan(cut));
        for (Answer& answer : answers_in(torn)) {
            answers.push_back(std::move(answer));
        }
        EXPECT_EQ(answers, expected) << cut;
    }
}

std::vector<DecodedField> fields_of(const std::string& hex, Sender sender) {
    const Bytes bytes = *base::from_hex(hex);
    auto fields = decode(bytes, sender);
    std::size_t next = 0;
    for (const DecodedField& field : fields) {
        EXPECT_EQ(field.offset, next);
        next += field.length;
    }
    EXPECT_EQ(next, bytes.size());
    return fields;
}

TEST(Decode, NamesEveryVectorWithoutAProblem) {
    for (const char* file : {"published.txt", "derived.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            for (const DecodedField& field : fields_of(vector.request, Sender::host)) {
                EXPECT_EQ(field.problem, "") << vector.name;
            }
            if (!vector.name.starts_with("no_status")) {
                for (const DecodedField& field : fields_of(vector.answer, Sender::device)) {
                    EXPECT_EQ(field.problem, "") << vector.name;
                }
            }
        }
    }
}

TEST(Decode, GuessesWhoSpeaks) {
    EXPECT_EQ(fields_of("37 22 30 30 30 31 00", Sender::unknown)[0].name, "printed");
    EXPECT_EQ(fields_of("1B 40 48 69 0A", Sender::unknown)[0].name, "initialise");
    EXPECT_EQ(fields_of("18 00 0C 0F", Sender::unknown)[0].value,
              "there is no paper: put in a roll");
}

TEST(Decode, NamesTextAndDataWithoutShowingThem) {
    const auto fields = fields_of(
        "1B 40 48 69 0A 1D 6B 02 34 30 30 00 1D 28 6B 07 00 31 50 30 31 32 33 34 1D 56 42",
        Sender::host);
    ASSERT_EQ(fields.size(), 8U);
    EXPECT_EQ(fields[1].name, "text");
    EXPECT_EQ(fields[1].value, "2 characters");
    EXPECT_EQ(fields[3].name, "barcode");
    EXPECT_EQ(fields[4].value, "4 bytes");
    EXPECT_EQ(fields[6].name, "data");
    EXPECT_EQ(fields[7].problem, "its rest is missing");
}

std::string masked(Way way, const std::string& hex, std::size_t piece) {
    transport::Masker masker(make_redactor());
    const Bytes bytes = *base::from_hex(hex);
    Bytes settled;
    const auto take = [&](const Bytes& more) {
        settled.insert(settled.end(), more.begin(), more.end());
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        take(
            masker.add(way, base::ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at))));
    }
    take(masker.finish(way));
    return base::to_hex(settled);
}

TEST(Redactor, HidesWhatComesOntoPaperHoweverItIsSent) {
    const std::string slip =
        "1B 40 1B 61 00 34 37 31 31 0A 1D 6B 02 34 30 30 00 1D 28 6B 07 00 31 50 30 31 32 33 34 "
        "1D 76 30 00 01 00 02 00 80 01 1D 56 42 00 1D 28 48 06 00 30 30 30 30 30 31 1D 6B 49 02 7B";
    const std::string hidden =
        "1B 40 1B 61 00 2A 2A 2A 2A 0A 1D 6B 02 2A 2A 2A 00 1D 28 6B 07 00 31 50 30 2A 2A 2A 2A "
        "1D 76 30 00 01 00 02 00 2A 2A 1D 56 42 00 1D 28 48 06 00 30 30 30 30 30 31 2A 2A 2A 2A 2A";
    for (const std::size_t piece : {1U, 3U, 1000U}) {
        EXPECT_EQ(masked(Way::to_device, slip, piece), hidden) << piece;
    }
    EXPECT_EQ(masked(Way::to_device, hidden, 7), hidden);
}

TEST(Redactor, ShowsWhatThePrinterSays) {
    const std::string said = "12 10 00 00 0F 37 22 30 30 30 31 00 5F 54 4D 00";
    EXPECT_EQ(masked(Way::from_device, said, 2), said);
}

}  // namespace
}  // namespace tillhost::drivers::escpos
