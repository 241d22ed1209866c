// Claim: the driver writes the published frames byte for byte and reads what stands in them.
// Shown by the vectors of tests/vectors/fiscal/shtrih, which were not made by this code.
#include "hal/drivers/fiscal/shtrih/test/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/drivers/fiscal/shtrih/service_messages.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::to_hex;

constexpr Password kAdministrator = 30;

Bytes cp1251(std::string_view text) {
    return *codec::to_code_page(codec::CodePage::cp1251, text, "text");
}

const Vector& vector(const std::string& file, const std::string& name) {
    static const auto kAll = [] {
        std::vector<std::pair<std::string, Vector>> all;
        for (const char* each : {"published.txt", "derived.txt", "messages.txt"}) {
            for (Vector& found : vectors_of(each)) {
                all.emplace_back(each, std::move(found));
            }
        }
        return all;
    }();
    static const Vector kNone;
    const auto found = std::find_if(kAll.begin(), kAll.end(), [&](const auto& one) {
        return one.first == file && one.second.name == name;
    });
    EXPECT_NE(found, kAll.end()) << file << " " << name;
    return found == kAll.end() ? kNone : found->second;
}

Bytes message(const Bytes& frame) {
    const auto decoded = decode_frame(frame);
    EXPECT_TRUE(decoded) << to_hex(frame);
    return decoded ? *decoded : Bytes{};
}

/// The answer of a vector of whole frames, split for this command.
class AnswerOf {
public:
    AnswerOf(const std::string& file, const std::string& name, Command command)
        : message_(message(vector(file, name).answer)) {
        EXPECT_TRUE(is_answer_to(command, message_)) << name;
        const auto answer = split_answer(command, message_);
        EXPECT_TRUE(answer) << name;
        if (answer) {
            answer_ = *answer;
        }
    }
    AnswerOf(Bytes message_bytes, Command command) : message_(std::move(message_bytes)) {
        EXPECT_TRUE(is_answer_to(command, message_));
        answer_ = *split_answer(command, message_);
    }
    std::uint8_t error() const { return answer_.error; }
    base::ByteView body() const { return answer_.body; }

private:
    Bytes message_;
    Answer answer_;
};

void expect_request(const std::string& name, const Bytes& request) {
    EXPECT_EQ(to_hex(vector("derived.txt", name).request), to_hex(encode_frame(request))) << name;
}

TEST(Frames, EveryVectorIsReadAndWrittenExactly) {
    std::size_t seen = 0;
    for (const char* file : {"published.txt", "derived.txt"}) {
        for (const Vector& one : vectors_of(file)) {
            for (const Bytes& frame : {one.request, one.answer}) {
                if (!frame.empty()) {
                    EXPECT_EQ(to_hex(encode_frame(message(frame))), to_hex(frame)) << one.name;
                    ++seen;
                }
            }
        }
    }
    EXPECT_GT(seen, 80U);
}

TEST(Frames, ADamagedFrameIsRefusedWhateverByteIsDamaged) {
    const Bytes frame = vector("published.txt", "P4").answer;
    for (std::size_t i = 0; i < frame.size(); ++i) {
        Bytes damaged = frame;
        damaged[i] ^= std::byte{0x10};
        EXPECT_FALSE(decode_frame(damaged)) << i;
        EXPECT_FALSE(decode_frame(base::ByteView(frame).first(i))) << i;
    }
}

TEST(Requests, PlainOnesAreWrittenAsDerived) {
    const std::pair<const char*, Command> rows[] = {
        {"D1", Command::open_shift},         {"D2", Command::begin_opening_shift},
        {"D9", Command::subtotal},           {"D13", Command::cancel_document},
        {"D14", Command::short_status},      {"D18", Command::x_report},
        {"D19", Command::z_report},          {"D29", Command::shift_state},
        {"D31", Command::cancel_in_storage}, {"D33", Command::continue_printing},
        {"D47", Command::exchange_status},
    };
    for (const auto& [name, command] : rows) {
        expect_request(name, plain_request(command, kAdministrator));
    }
    EXPECT_EQ(to_hex(encode_frame(plain_request(Command::storage_status, kAdministrator))),
              to_hex(vector("published.txt", "P4").request));
    EXPECT_EQ(to_hex(encode_frame(plain_request(Command::storage_number, 2))),
              to_hex(vector("published.txt", "P7a").request));
    EXPECT_EQ(to_hex(encode_frame(device_type_request())),
              to_hex(vector("published.txt", "P13").request));
    EXPECT_EQ(to_hex(model_parameters_request()),
              to_hex(vector("messages.txt", "ReadPrinterModelParameters").request));
    EXPECT_EQ(to_hex(error_text_request(0x5E)),
              to_hex(vector("messages.txt", "ReadErrorDescription").request));
}

TEST(Requests, OnesWithParametersAreWrittenAsDerived) {
    expect_request("D5", open_document_request(kAdministrator, DocumentKind::sale));
    expect_request("D41", open_document_request(kAdministrator, DocumentKind::sale_return));
    expect_request("D28", write_table_request(kAdministrator, 17, 1, 7, Bytes{base::byte(1)}));
    expect_request("D38", plain_request(Command::begin_correction, kAdministrator));
    expect_request("D39", tag_request(Command::document_tag, kAdministrator, kTagBasisDate,
                                      *base::from_hex("80 C0 3A 66")));
    expect_request("D34", ean13_request(kAdministrator, 460'622'409'843));
    const Bytes qr = message(vector("derived.txt", "D35").request);
    expect_request("D35", load_data_request(kAdministrator, 0, base::ByteView(qr).subspan(7)));
    expect_request("D36", load_data_request(kAdministrator, 1, base::bytes_of("&n=1")));
    SquareCodeFields code;
    code.data_bytes = 68;
    code.parameters = {0, 0, 4, 0, 1};
    expect_request("D37", square_code_request(kAdministrator, code));
    expect_request("D32", plain_request(Command::print_copy, kAdministrator));
    EXPECT_EQ(to_hex(encode_frame(check_marking_request(
                  kAdministrator, 2, base::bytes_of("00000046218469,4h?g&mAB*ouJ9J"), {}))),
              to_hex(vector("published.txt", "P15").request));
    CorrectionFields correction;
    correction.total_minor = 12'000;
    correction.payments_minor[0] = 12'000;
    correction.vat_minor[0] = 2'000;
    correction.tax_system = 1;
    expect_request("D40", correction_request(kAdministrator, correction));
    expect_request("D16", cash_request(Command::cash_in, kAdministrator, 100'000));
    expect_request("D17", cash_request(Command::cash_out, kAdministrator, 20'000));
    expect_request("D20", print_line_request(kAdministrator, cp1251("Спасибо!")));
    expect_request("D21", print_font_line_request(kAdministrator, 2, cp1251("ТЕСТ")));
    expect_request("D22", cut_request(kAdministrator, true));
    expect_request("D23", drawer_request(kAdministrator, 0));
    expect_request("D24", feed_request(kAdministrator, 3));
    expect_request("D25", register_request(Command::cash_register, kAdministrator, 241));
    expect_request("D26", register_request(Command::operation_register, kAdministrator, 148));
    expect_request("D27", read_table_request(kAdministrator, 17, 1, 7));
    expect_request("D30", find_request(kAdministrator, 1234));
    expect_request("D46", plain_request(Command::short_status, 99));
}

TEST(Requests, TagsAreWrittenAsDerived) {
    const Bytes cashier = *codec::to_code_page(codec::CodePage::cp866, "Иванов И.И.", "cashier");
    expect_request("D3", tag_request(Command::document_tag, kAdministrator, kTagCashier, cashier));
    expect_request("D4", tag_request(Command::document_tag, kAdministrator, kTagCashierTaxId,
                                     base::bytes_of("500100732259")));
    expect_request(
        "D8", tag_request(Command::operation_tag, kAdministrator, 2108, Bytes{base::byte(11)}));
}

TEST(Requests, PositionsAreWrittenAsDerived) {
    PositionFields milk;
    milk.quantity_micro = 2'000'000;
    milk.price_minor = 4990;
    milk.vat_code = 1;
    milk.department = 1;
    milk.payment_method = 4;
    milk.item_type = 1;
    milk.name = cp1251("Молоко 1л");
    expect_request("D6", position_request(kAdministrator, milk));

    PositionFields cheese = milk;
    cheese.quantity_micro = 485'000;
    cheese.price_minor = 31'000;
    cheese.sum_minor = 15'035;
    cheese.vat_code = 2;
    cheese.name = cp1251("Сыр");
    expect_request("D7", position_request(kAdministrator, cheese));

    PositionFields returned = milk;
    returned.operation = FiscalOperation::sale_return;
    returned.quantity_micro = 1'000'000;
    expect_request("D42", position_request(kAdministrator, returned));

    PositionFields lunch;
    lunch.quantity_micro = 1'000'000;
    lunch.price_minor = 10'000;
    lunch.sum_minor = 10'000;
    lunch.vat_code = 8;
    lunch.name = cp1251("Комплексный обед");
    EXPECT_EQ(to_hex(encode_frame(position_request(kAdministrator, lunch))),
              to_hex(vector("published.txt", "P8").request));
}

TEST(Requests, ClosingIsWrittenAsDerived) {
    CloseFields close;
    close.payments_minor[0] = 10'000;
    close.payments_minor[1] = 20'000;
    close.tax_system = 1;
    expect_request("D10", close_document_request(kAdministrator, close));
    expect_request("D11", close_document_request(kAdministrator, close));
    close.payments_minor[1] = 0;
    expect_request("D12", close_document_request(kAdministrator, close));
}

TEST(Answers, StatesAreReadFromPublishedFrames) {
    const auto idle =
        read_short_status(AnswerOf("published.txt", "P1", Command::short_status).body());
    ASSERT_TRUE(idle);
    EXPECT_EQ(idle->flags, 0x02B2);
    EXPECT_EQ(idle->mode(), Mode::shift_open);
    EXPECT_EQ(idle->submode(), Submode::idle);
    EXPECT_EQ(idle->operator_index, 30);
    EXPECT_FALSE(idle->last_print_result);
    const auto in_document =
        read_short_status(AnswerOf("published.txt", "P6", Command::short_status).body());
    EXPECT_EQ(in_document->mode(), Mode::document);
    EXPECT_EQ(in_document->operations, 1);
    const auto printing =
        read_short_status(AnswerOf("published.txt", "P11", Command::short_status).body());
    EXPECT_EQ(printing->submode(), Submode::printing);
    const auto longer =
        read_short_status(AnswerOf("derived.txt", "D15", Command::short_status).body());
    EXPECT_EQ(longer->last_print_result, 5);

    const auto storage =
        read_storage_status(AnswerOf("published.txt", "P4", Command::storage_status).body());
    ASSERT_TRUE(storage);
    EXPECT_EQ(storage->phase, kPhaseFiscal);
    EXPECT_EQ(storage->current_document, 0);
    EXPECT_TRUE(storage->shift_open);
    EXPECT_EQ(storage->number, "9287440301120991");
    EXPECT_EQ(storage->last_document, 425U);

    const auto shift =
        read_shift_state(AnswerOf("derived.txt", "D29", Command::shift_state).body());
    EXPECT_TRUE(shift->open);
    EXPECT_EQ(shift->number, 308);
    EXPECT_EQ(shift->receipt, 5);
    EXPECT_EQ(read_device_type(AnswerOf("published.txt", "P13", Command::device_type).body()),
              "ШТРИХ-СМАРТПОС-Ф");
}

TEST(Answers, DocumentsAreReadFromPublishedMessages) {
    const AnswerOf receipt(vector("messages.txt", "FSFindDocument_receipt").answer,
                           Command::find_document);
    const auto found = read_found_document(receipt.body());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->type, FoundDocument::kReceipt);
    EXPECT_EQ(to_text(found->time), "2017-03-24T20:53");
    EXPECT_EQ(found->number, 163U);
    EXPECT_EQ(found->sign, 776'727'275U);
    EXPECT_EQ(found->operation, static_cast<int>(FiscalOperation::sale));
    EXPECT_EQ(found->sum_minor, 20'000);
    const auto opening = read_found_document(
        AnswerOf(vector("messages.txt", "FSFindDocument_shift_open").answer, Command::find_document)
            .body());
    EXPECT_EQ(opening->type, FoundDocument::kShiftOpening);
    EXPECT_EQ(opening->shift, 1);
    const auto closing =
        read_found_document(AnswerOf(vector("messages.txt", "FSFindDocument_shift_close").answer,
                                     Command::find_document)
                                .body());
    EXPECT_EQ(closing->type, FoundDocument::kShiftClosing);
    EXPECT_EQ(closing->number, 6U);

    const auto corrected =
        read_closed_correction(AnswerOf("derived.txt", "D40", Command::correction).body());
    EXPECT_EQ(corrected->receipt, 6);
    EXPECT_EQ(corrected->number, 1235U);
    EXPECT_EQ(corrected->sign, 111'222'333U);
    EXPECT_FALSE(corrected->time);

    const auto closed = read_closed_document(
        AnswerOf(vector("messages.txt", "close").answer, Command::close_document).body());
    EXPECT_EQ(closed->number, 221'363U);
    EXPECT_FALSE(closed->time);
    const auto timed =
        read_closed_document(AnswerOf("derived.txt", "D11", Command::close_document).body());
    EXPECT_EQ(timed->change_minor, 4985);
    EXPECT_EQ(timed->sign, 987'654'321U);
    EXPECT_EQ(to_text(*timed->time), "2024-05-31T17:42");
}

TEST(Answers, RegistersSumsAndCountsAreRead) {
    EXPECT_EQ(read_subtotal(AnswerOf("derived.txt", "D9", Command::subtotal).body()), 25'015);
    EXPECT_EQ(read_cash_moved(AnswerOf("derived.txt", "D16", Command::cash_in).body()), 57);
    EXPECT_EQ(read_cash_register(AnswerOf("derived.txt", "D25", Command::cash_register).body()),
              105'015);
    EXPECT_EQ(
        read_operation_register(AnswerOf("derived.txt", "D26", Command::operation_register).body()),
        321);
    EXPECT_EQ(read_exchange_status(AnswerOf("derived.txt", "D47", Command::exchange_status).body())
                  ->unsent,
              2);
    EXPECT_EQ(read_table_text(AnswerOf("derived.txt", "D27", Command::read_table).body()), "");
}

TEST(Answers, RefusalsAreReadInBothForms) {
    EXPECT_EQ(AnswerOf("derived.txt", "D12", Command::close_document).error(), 0x45);
    EXPECT_EQ(AnswerOf("derived.txt", "D13", Command::cancel_document).error(), 0x55);
    EXPECT_EQ(AnswerOf("derived.txt", "D17", Command::cash_out).error(), 0x46);
    EXPECT_EQ(AnswerOf("derived.txt", "D46", Command::short_status).error(), 0x4F);
    const Bytes short_form{base::byte(0xFF), base::byte(0x37)};
    EXPECT_EQ(AnswerOf(short_form, Command::find_document).error(), 0x37);
}

TEST(Answers, AnotherCommandsAnswerIsRecognised) {
    const Bytes close = message(vector("derived.txt", "D10").answer);
    EXPECT_TRUE(is_answer_to(Command::close_document, close));
    EXPECT_FALSE(is_answer_to(Command::position, close));
    EXPECT_FALSE(is_answer_to(Command::short_status, close));
    EXPECT_FALSE(is_answer_to(Command::close_document, {}));
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
