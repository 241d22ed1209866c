// Claim: changes gather until they are handed over, those that come while a group is written are
// the next group, positions tell what is on disk, and nothing is lost at the end. Shown with a
// writer that a test holds up as a slow disk would.
#include "hal/os/group_writer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <semaphore>

namespace tillhost::os {
namespace {

class GroupWriterTest : public testing::Test {
protected:
    using Writer = GroupWriter<int>;

    GroupWriterTest() {
        writer_ = std::make_unique<Writer>("writer", MUST(Wakeup::create()),
                                           [this](const Writer::Group& group) {
                                               begun_.release();
                                               may_end_.acquire();
                                               groups_.push_back(group);
                                           });
    }
    ~GroupWriterTest() override { let_all_end(); }

    void let_all_end() { may_end_.release(kMany); }
    /// Until everything that was handed over is durable; told by moved() alone.
    void wait() const {
        while (writer_->is_writing()) {
            pollfd one{.fd = writer_->moved().fd(), .events = POLLIN, .revents = 0};
            ASSERT_EQ(::poll(&one, 1, kPatienceMs), 1) << "nothing moves";
            writer_->moved().clear();
        }
    }

    static constexpr int kMany = 100;
    static constexpr int kPatienceMs = 10'000;
    std::counting_semaphore<> begun_{0};
    std::counting_semaphore<> may_end_{0};
    std::vector<Writer::Group> groups_;  // the writer's until it rests
    std::unique_ptr<Writer> writer_;
};

TEST_F(GroupWriterTest, WritesWhatGatheredAsOneGroup) {
    EXPECT_EQ(writer_->write(1), 1U);
    EXPECT_EQ(writer_->write(2), 2U);
    EXPECT_FALSE(writer_->is_writing()) << "not handed over";
    let_all_end();
    writer_->hand_over();
    wait();
    EXPECT_EQ(groups_, (std::vector<Writer::Group>{{1, 2}}));
    EXPECT_EQ(writer_->durable(), 2U);
    EXPECT_EQ(writer_->groups(), 1U);
    writer_->hand_over();
    EXPECT_FALSE(writer_->is_writing()) << "there was nothing";
}

TEST_F(GroupWriterTest, WhatComesWhileAGroupIsWrittenIsTheNext) {
    writer_->write(1);
    writer_->hand_over();
    begun_.acquire();
    for (const int change : {2, 3, 4}) {
        writer_->write(change);
        writer_->hand_over();
    }
    EXPECT_TRUE(writer_->is_writing());
    EXPECT_EQ(writer_->durable(), 0U);
    let_all_end();
    wait();
    EXPECT_EQ(groups_, (std::vector<Writer::Group>{{1}, {2, 3, 4}}));
    EXPECT_EQ(writer_->durable(), 4U);
}

TEST_F(GroupWriterTest, HasNoRoomWithHalfOfTheQueueWaiting) {
    for (std::size_t i = 0; i < kGroupQueueMax / 2; ++i) {
        EXPECT_TRUE(writer_->has_room());
        writer_->write(0);
    }
    EXPECT_FALSE(writer_->has_room()) << "what was not handed over counts as well";
    let_all_end();
    writer_->hand_over();
    wait();
    EXPECT_TRUE(writer_->has_room());
    EXPECT_EQ(groups_.front().size(), kGroupChangesMax);
}

TEST_F(GroupWriterTest, WritesAtItsEndWhatWasNotHandedOver) {
    writer_->write(1);
    let_all_end();
    writer_.reset();
    EXPECT_EQ(groups_, (std::vector<Writer::Group>{{1}}));
}

}  // namespace
}  // namespace tillhost::os
