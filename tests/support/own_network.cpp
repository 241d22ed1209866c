#include "tests/support/own_network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

namespace tillhost::support {
namespace {

constexpr int kRangesMax = 16'000;

bool ip(const std::string& words) {
    return std::system(("PATH=$PATH:/sbin:/usr/sbin; ip " + words + " 2>/dev/null").c_str()) == 0;
}

}  // namespace

OwnNetwork::OwnNetwork() {
    const int range = ::getpid() % kRangesMax;
    const int at = 4 * range;
    name_ = fmt::format("till{}", range);
    host_ = fmt::format("198.18.{}.{}", at / 256, at % 256 + 1);
    device_ = fmt::format("198.18.{}.{}", at / 256, at % 256 + 2);
    made_ = ip(fmt::format("netns add {0} && ip link add {0}h type veth peer name {0}d netns "
                           "{0} && ip addr add {1}/30 dev {0}h && ip link set {0}h up && "
                           "ip -n {0} link set {0}d up",
                           name_, host_)) &&
            appear();
}

OwnNetwork::~OwnNetwork() { ip("netns del " + name_); }

std::vector<std::string> OwnNetwork::inside() const {
    return {"/usr/bin/env", "ip", "netns", "exec", name_};
}

bool OwnNetwork::enter() const {
    const os::Descriptor net(::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC));
    return net.valid() && ::setns(net.get(), CLONE_NEWNET) == 0;
}

bool OwnNetwork::vanish() const {
    return ip(fmt::format("-n {0} addr del {1}/30 dev {0}d", name_, device_));
}

bool OwnNetwork::appear() const {
    return ip(fmt::format("-n {0} addr add {1}/30 dev {0}d", name_, device_));
}

}  // namespace tillhost::support
