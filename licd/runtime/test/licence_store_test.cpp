// Claim: leases are read back as they were written, what was not handed over is written at the end,
// and no number is given twice over restarts, though last_number is written once in a thousand.
// Shown: with the real store in a folder of the test's own, closed and opened anew.
#include "licd/runtime/licence_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"

namespace tillhost::licd::runtime {
namespace {

class LicenceStoreTest : public testing::Test {
protected:
    LicenceStoreTest() : folder_(testing::TempDir() + "licence_store_test") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    /// What a start of licd finds.
    core::LeaseImage start() {
        store_.reset();
        store_ = MUST(LicenceStore::open(folder_, clock_, logger_));
        return store_->take_leases();
    }
    void write(std::uint64_t number) {
        store_->write({.put = {row(number)}, .forget = {}, .last_number = number});
    }
    static core::LeaseRow row(std::uint64_t number) {
        core::LeaseRow row;
        row.number = row.generation = number;
        row.request_id = MUST(base::OperationId::from_text("0197f3c2-7a1e-7b3d-8c4e-5f6a7b8c9d0e"));
        row.key = "4410-0093-7721";
        row.licence = "till.base";
        row.seat = 3;
        row.holder.instance = "instance-1";
        return row;
    }

    std::string folder_;
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::unique_ptr<LicenceStore> store_;
};

TEST_F(LicenceStoreTest, ReadsBackWhatWasWrittenAlsoIfItWasNotHandedOver) {
    EXPECT_TRUE(start().leases.empty());
    write(1);
    EXPECT_FALSE(store_->is_writing());
    store_->hand_over();
    write(2);
    EXPECT_EQ(start().leases, (std::vector{row(1), row(2)}));
}

TEST_F(LicenceStoreTest, KeepsThatALeaseWasTakenAwayAndThatItEnded) {
    start();
    write(1);
    write(2);
    core::LeaseRow taken = row(1);
    taken.taken = contract::LicenceEnd::idle;
    core::LeaseRow ended = row(2);
    ended.ended = contract::LicenceEnd::released;
    store_->write({.put = {taken, ended}, .forget = {}, .last_number = 2});
    EXPECT_EQ(start().leases, (std::vector{taken, ended}));
    taken.ended = contract::LicenceEnd::expired;
    store_->write({.put = {taken}, .forget = {2}, .last_number = 2});
    EXPECT_EQ(start().leases, (std::vector{taken}));
}

TEST_F(LicenceStoreTest, GivesNoNumberTwice) {
    std::uint64_t largest = start().last_number;
    EXPECT_EQ(largest, 0U);
    for (int life = 0; life < 3; ++life) {
        for (std::uint64_t more = 1; more <= kNumbersReserved + 2; more += kNumbersReserved / 2) {
            write(largest + more);
        }
        largest += kNumbersReserved + 1;
        // The row that had the number goes; nothing else tells that it was given.
        store_->write({.put = {}, .forget = {largest}, .last_number = largest});
        const std::uint64_t next = start().last_number;
        EXPECT_GE(next, largest);
        EXPECT_LE(next, largest + kNumbersReserved);
        largest = next;
    }
}

TEST_F(LicenceStoreTest, WritesTheLastNumberOnceInAThousand) {
    start();
    write(1);
    EXPECT_EQ(start().last_number, 1 + kNumbersReserved);
    write(1 + kNumbersReserved);
    EXPECT_EQ(start().last_number, 1 + kNumbersReserved);
    write(2 + kNumbersReserved);
    EXPECT_EQ(start().last_number, 2 + 2 * kNumbersReserved);
}

}  // namespace
}  // namespace tillhost::licd::runtime
