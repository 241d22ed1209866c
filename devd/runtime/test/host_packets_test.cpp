// Claim: a message of any allowed length passes the link unchanged, and nothing else does.
// Shown by splitting and joining, by real socket pairs, and by packets no honest peer sends.
#include "devd/host/host_packets.h"

#include <gtest/gtest.h>

#include "devd/host/host_socket.h"
#include "devd/runtime/host_channel.h"
#include "hal/os/thread.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using host::HostSocket;
using host::kMessageBytesMax;
using host::kPacketBytesMax;
using host::kPartBytesMax;
using host::make_host_link;
using host::PacketJoiner;
using host::split_message;

base::Bytes message_of(std::size_t size) {
    base::Bytes message(size, std::byte{0x81});
    for (std::size_t i = 0; i < size; i += 7) {
        message[i] = static_cast<std::byte>(i & 0x7F);
    }
    return message;
}

TEST(HostPackets, JoinWhatWasSplitAtEveryLimit) {
    PacketJoiner joiner;
    for (const std::size_t size :
         {std::size_t{1}, kPartBytesMax, kPartBytesMax + 1, 3 * kPartBytesMax, kMessageBytesMax}) {
        const base::Bytes message = message_of(size);
        std::optional<base::Bytes> joined;
        const auto sent = split_message(message, [&](base::ByteView packet) -> base::Done {
            EXPECT_LE(packet.size(), kPacketBytesMax);
            EXPECT_FALSE(joined) << "a packet after the last";
            if (const auto whole = TRY(joiner.take(packet))) {
                joined = base::Bytes(whole->begin(), whole->end());
            }
            return {};
        });
        ASSERT_TRUE(sent);
        ASSERT_TRUE(joined) << size;
        EXPECT_EQ(*joined, message) << size;
    }
}

TEST(HostPackets, RefuseAMessageAboveTheLimitBeforeSendingAnyOfIt) {
    int packets = 0;
    const auto sent = split_message(message_of(kMessageBytesMax + 1), [&](base::ByteView) {
        ++packets;
        return base::Done();
    });
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::too_large);
    EXPECT_EQ(packets, 0);
}

TEST(HostPackets, RefuseWhatNoHonestPeerSends) {
    const base::Bytes more = {std::byte{0xC1}, std::byte{1}, std::byte{5}};
    const base::Bytes plain = {std::byte{0x80}};
    EXPECT_EQ(PacketJoiner().take({}).error().code, ErrorCode::malformed);
    EXPECT_EQ(PacketJoiner().take(base::ByteView(more).first(2)).error().code,
              ErrorCode::malformed);
    const base::Bytes odd = {std::byte{0xC1}, std::byte{2}, std::byte{5}};
    EXPECT_EQ(PacketJoiner().take(odd).error().code, ErrorCode::malformed);
    PacketJoiner joiner;
    EXPECT_FALSE(MUST(joiner.take(more)));
    EXPECT_EQ(joiner.take(plain).error().code, ErrorCode::malformed);
}

TEST(HostPackets, EndlessPartsStopAtTheLimit) {
    base::Bytes part(kPacketBytesMax, std::byte{1});
    part[0] = std::byte{0xC1};
    PacketJoiner joiner;
    std::optional<ErrorCode> code;
    for (std::size_t i = 0; i <= kMessageBytesMax / kPartBytesMax && !code; ++i) {
        if (const auto taken = joiner.take(part); !taken) {
            code = taken.error().code;
        }
    }
    EXPECT_EQ(code, ErrorCode::too_large);
}

contract::ToHost large_open() {
    contract::Open open;
    open.epoch = 1;
    open.device = "kassa";
    open.budget_ms = 1000;
    contract::Pending pending;
    pending.operation_id = base::OperationId::make(1, {1, 2});
    pending.attempt = 1;
    pending.command = contract::Command(contract::XReport{});
    pending.marker = contract::Marker(contract::FiscalMarker{});
    pending.evidence.assign(64, contract::Evidence{"frame", base::Bytes(4096, std::byte{7})});
    open.pending = pending;
    return contract::ToHost(open);
}

TEST(HostLink, CarriesLargeMessagesWithoutBlockingDevd) {
    const os::SystemClock clock;
    auto [ours, theirs] = MUST(make_host_link());
    HostChannel channel(std::move(ours));
    HostSocket host(std::move(theirs), clock);
    const contract::ToHost message = large_open();
    constexpr int kMessages = 8;  // more than the kernel keeps for a reader who sleeps
    for (int i = 0; i < kMessages; ++i) {
        ASSERT_TRUE(channel.send(message));
    }
    EXPECT_TRUE(channel.has_unsent());
    for (int i = 0; i < kMessages; ++i) {
        auto received = host.receive(clock.now());
        while (!received && received.error().code == ErrorCode::deadline_passed) {
            ASSERT_TRUE(channel.flush());
            received = host.receive(clock.now());
        }
        ASSERT_TRUE(received) << base::to_text(received.error());
        EXPECT_EQ(*received, message);
    }
    EXPECT_EQ(host.receive(clock.now()).error().code, ErrorCode::deadline_passed);
}

TEST(HostLink, HandsOverEverythingThatAHostSaidBeforeItEnded) {
    const os::SystemClock clock;
    auto [ours, theirs] = MUST(make_host_link());
    HostChannel channel(std::move(ours));
    constexpr int kMessages = 20;  // more than are taken from the kernel at once
    {
        HostSocket host(std::move(theirs), clock);
        for (int i = 0; i < kMessages; ++i) {
            ASSERT_TRUE(host.send(contract::FromHost(contract::Beat{})));
        }
    }
    int taken = 0;
    const auto count = [&taken](const contract::FromHost&) { return ++taken > 0; };
    EXPECT_TRUE(MUST(channel.receive(1, count)));  // there is more; none of it is held back
    base::Result<bool> read = true;
    while (read && *read) {
        read = channel.receive(1, count);
    }
    EXPECT_EQ(taken, kMessages);
    EXPECT_EQ(channel.receive(1, count).error().code, ErrorCode::link_lost);
}

TEST(HostLink, AHostThatDoesNotReadIsGivenUp) {
    auto [ours, theirs] = MUST(make_host_link());
    HostChannel channel(std::move(ours));
    const contract::ToHost message = large_open();
    base::Done sent;
    for (int i = 0; i < 100 && sent; ++i) {
        sent = channel.send(message);
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::too_large);
}

TEST(HostLink, TheHostSeesThatDevdIsGone) {
    const os::SystemClock clock;
    auto [ours, theirs] = MUST(make_host_link());
    HostSocket host(std::move(theirs), clock);
    ours.reset();
    EXPECT_EQ(host.receive(os::Deadline::max()).error().code, ErrorCode::link_lost);
    EXPECT_EQ(host.send(contract::FromHost(contract::Beat{})).error().code, ErrorCode::link_lost);
}

}  // namespace
}  // namespace tillhost::devd::runtime
