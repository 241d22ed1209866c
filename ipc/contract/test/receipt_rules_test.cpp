// Claim: a receipt's totals are exact and no discount loses or invents a minor unit.
// Shown by worked examples, by every refusal, and by a sweep over quantities and discounts.
#include <gtest/gtest.h>

#include "hal/base/money.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::contract {
namespace {

using base::ErrorCode;

Receipt receipt_of(std::int64_t price, std::int64_t units, std::int64_t scale,
                   std::int64_t discount, std::int64_t paid) {
    Receipt receipt;
    receipt.kind = ReceiptKind::sale;
    receipt.lines.push_back({.name = "Сыр",
                             .price_minor = price,
                             .quantity_units = units,
                             .quantity_scale = scale,
                             .discount_minor = discount,
                             .vat = Vat::vat_10});
    receipt.payments.push_back({PaymentKind::cash, paid});
    return receipt;
}

TEST(ReceiptRules, CountsTotalAndChange) {
    const auto totals = check_receipt(receipt_of(31000, 485, 3, 0, 20000));
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->total_minor, 15035);
    EXPECT_EQ(totals->change_minor, 4965);
}

TEST(ReceiptRules, RefusesWhatCannotBeRegistered) {
    EXPECT_EQ(check_receipt(receipt_of(100, 1, 0, 0, 99)).error().code,
              ErrorCode::payment_below_total);
    EXPECT_EQ(check_receipt(receipt_of(100, 1, 0, 101, 100)).error().detail,
              "lines[0].discount_minor: at most the line's total of 100");
    EXPECT_EQ(check_receipt(receipt_of(100, 1, 0, 100, 100)).error().code, ErrorCode::bad_field);

    Receipt card = receipt_of(100, 1, 0, 0, 150);
    card.payments[0].kind = PaymentKind::electronic;
    EXPECT_EQ(check_receipt(card).error().code, ErrorCode::noncash_above_total);

    Receipt twice = receipt_of(100, 1, 0, 0, 50);
    twice.payments.push_back(twice.payments[0]);
    EXPECT_EQ(check_receipt(twice).error().detail, "payments[1].kind: each kind of payment once");

    Receipt foreign = receipt_of(100, 1, 0, 0, 100);
    foreign.currency = "rub";
    EXPECT_EQ(check_receipt(foreign).error().code, ErrorCode::bad_field);
}

TEST(ReceiptRules, PositionsAlwaysAddUpToTheTotal) {
    for (std::int64_t units : {1, 2, 3, 7, 485, 999, 1000, 1001, 2500, 12345}) {
        for (std::int64_t scale : {0, 3, 6}) {
            for (std::int64_t discount : {0, 1, 2, 17, 99}) {
                for (std::int64_t whole : {0, 1, 13}) {
                    Receipt receipt = receipt_of(31007, units, scale, 0, 90'000'000'000);
                    receipt.lines.push_back(receipt.lines[0]);
                    receipt.lines[1].price_minor = 33333;
                    receipt.lines[1].quantity_scale = 0;
                    receipt.lines[1].discount_minor = discount;
                    receipt.discount_minor = whole;
                    const auto totals = check_receipt(receipt);
                    const auto positions = final_positions(receipt);
                    ASSERT_TRUE(totals.has_value() && positions.has_value());
                    std::int64_t sum = 0;
                    for (const Position& one : *positions) {
                        sum += one.sum_minor;
                        EXPECT_GT(one.quantity.units, 0);
                        EXPECT_EQ(one.sum_minor,
                                  base::scale_minor(one.price_minor, one.quantity.micro(),
                                                    1'000'000, base::Rounding::half_up));
                    }
                    EXPECT_EQ(sum, totals->total_minor) << units << " " << scale << " " << discount;
                }
            }
        }
    }
}

std::string refusal(const Receipt& receipt) {
    const auto totals = check_receipt(receipt);
    return totals ? "" : totals.error().detail;
}

TEST(ReceiptRules, RefusesWhatNoFiscalDocumentCanSay) {
    const Receipt good = receipt_of(100, 1, 0, 0, 100);
    Receipt receipt = good;
    receipt.customer_tax_id = "12345";
    EXPECT_EQ(refusal(receipt), "customer_tax_id: 10 or 12 digits, or nothing");
    receipt = good;
    receipt.electronic_only = true;
    EXPECT_TRUE(refusal(receipt).starts_with("customer_contact: "));
    receipt = good;
    receipt.tags.push_back({.number = 1191, .kind = TagKind::text});
    EXPECT_EQ(refusal(receipt), "tags[0]: a value as text, and no other");
    receipt.tags[0].text = "x";
    receipt.tags[0].integer = 1;
    EXPECT_EQ(refusal(receipt), "tags[0]: a value as text, and no other");
    receipt.tags[0].integer = 0;
    EXPECT_EQ(refusal(receipt), "");
}

TEST(ReceiptRules, AMarkingCodeStaysOnOnePosition) {
    Receipt receipt = receipt_of(10000, 2, 0, 0, 90000);
    receipt.lines[0].marking = Marking{.code = base::Bytes(10, std::byte{'x'})};
    EXPECT_TRUE(refusal(receipt).starts_with("lines[0].quantity_units: 1"));
    receipt.lines[0].measure = 11;
    EXPECT_EQ(refusal(receipt), "");
    receipt.discount_minor = 1;
    EXPECT_TRUE(refusal(receipt).starts_with("lines[0].discount_minor: "));
    receipt.lines[0].quantity_units = 1;
    ASSERT_EQ(refusal(receipt), "");
    EXPECT_EQ(final_positions(receipt)->size(), 1U);
}

TEST(ReceiptRules, ACorrectionSaysWhatItCorrects) {
    Correction correction{.receipt = receipt_of(100, 1, 0, 0, 100),
                          .basis = CorrectionBasis::own_initiative,
                          .basis_date = "2024-02-29"};
    EXPECT_TRUE(check_correction(correction).has_value());
    for (const char* day : {"2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "24-01-01",
                            "2024/01/01", "2024-01-1x", ""}) {
        correction.basis_date = day;
        EXPECT_EQ(check_correction(correction).error().detail, "basis_date: a day as YYYY-MM-DD")
            << day;
    }
    correction.basis_date = "2024-01-31";
    correction.basis = CorrectionBasis::by_order;
    EXPECT_TRUE(check_correction(correction).error().detail.starts_with("basis_number: "));
    correction.basis_number = "12";
    correction.receipt.payments[0].amount_minor = 99;
    EXPECT_TRUE(check_correction(correction).error().detail.starts_with("receipt.payments: "));
}

TEST(ReceiptRules, ARateThatIsNamedFitsItsKindOfVat) {
    Receipt receipt = receipt_of(100, 1, 0, 0, 100);
    receipt.lines[0].vat = Vat::standard;
    receipt.lines[0].vat_percent = 22;
    EXPECT_TRUE(check_receipt(receipt));
    receipt.lines[0].vat = Vat::vat_10;
    EXPECT_TRUE(check_receipt(receipt).error().detail.starts_with("lines[0].vat_percent: "));
    receipt.lines[0].vat_percent = 10;
    EXPECT_TRUE(check_receipt(receipt));
    receipt.lines[0].vat = Vat::no_vat;
    EXPECT_FALSE(check_receipt(receipt));
}

TEST(ReceiptRules, ADriverOfPlainSalesRefusesEverythingElse) {
    const Receipt plain = receipt_of(100, 1, 0, 0, 100);
    EXPECT_TRUE(check_plain_sale(plain).has_value());
    const auto refused = [&](auto change) {
        Receipt receipt = plain;
        change(receipt);
        const auto done = check_plain_sale(receipt);
        return !done && done.error().code == ErrorCode::not_supported;
    };
    EXPECT_TRUE(refused([](Receipt& one) { one.kind = ReceiptKind::sale_return; }));
    EXPECT_TRUE(refused([](Receipt& one) { one.electronic_only = true; }));
    EXPECT_TRUE(refused([](Receipt& one) { one.customer_contact = "a@b.c"; }));
    EXPECT_TRUE(refused([](Receipt& one) { one.lines[0].item_type = ItemType::service; }));
    EXPECT_TRUE(refused([](Receipt& one) { one.lines[0].marking = Marking{}; }));
    EXPECT_TRUE(refused([](Receipt& one) {
        one.lines[0].vat = Vat::standard;
        one.lines[0].vat_percent = 20;
    }));
}

}  // namespace
}  // namespace tillhost::contract
