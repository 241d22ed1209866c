// A program that works while it has its licence, and says why when it does not: the shortest whole
// use of licd/client/licence_client.h. docs/licences-for-programs.md goes through it.
//
//   licence_example SERVERS PRODUCT LICENCE ROOT.pem [SECONDS]
#include <cstdlib>
#include <iostream>
#include <string>

#include "hal/base/bytes.h"
#include "hal/os/boot_clock.h"
#include "hal/os/files.h"
#include "licd/client/beat_thread.h"

namespace {

using namespace tillhost;
using licd::client::LeaseStatus;
using licd::client::Standing;

constexpr os::Duration kPatience = std::chrono::seconds(10);
constexpr std::size_t kRootBytesMax = 64 * 1024;
constexpr int kExitNoLicence = 3;

/// What the user is told. A real program has it in the user's language, by the code.
int stop(const base::Error& error) {
    std::cerr << "No licence: " << base::text_of(error.code) << ".\n  (" << error.detail << ")\n";
    return kExitNoLicence;
}

int stop(const LeaseStatus& status) {
    std::cerr << "The licence " << status.licence
              << " is gone: " << (status.why ? contract::name_of(*status.why) : "not known")
              << ".\n";
    return kExitNoLicence;
}

/// One step of what the program is for.
void work(const LeaseStatus& status) {
    if (status.standing == Standing::grace) {
        const auto left = std::chrono::duration_cast<std::chrono::seconds>(status.left).count();
        std::cout << "The licence server cannot be reached. Finish what is open; " << left
                  << " s left." << std::endl;
    } else {
        std::cout << "Working with licence " << status.licence << ", seat " << status.seat
                  << std::endl;
    }
}

base::Result<int> run(licd::client::ClientOptions options, const std::string& licence,
                      int seconds) {
    os::BootClock clock;
    const auto client = TRY(licd::client::LicenceClient::open(std::move(options), clock));
    const auto lease = TRY(client->acquire({.licence = licence}, clock.now() + kPatience));
    const auto beats = TRY(licd::client::BeatThread::start(*client, clock));
    for (int second = 0; second < seconds; ++second) {
        const LeaseStatus status = client->status(lease);
        if (status.standing == Standing::gone) {
            return stop(status);
        }
        work(status);
        client->used(lease);
        clock.sleep_until(clock.now() + std::chrono::seconds(1));
    }
    return EXIT_SUCCESS;  // the client gives the licence back
}

}  // namespace

int main(int count, char** words) {
    if (count < 5) {
        std::cerr << "usage: licence_example SERVERS PRODUCT LICENCE ROOT.pem [SECONDS]\n"
                     "  e.g. licence_example '*LOCAL' till till.base vendor-root.pem 60\n";
        return 2;
    }
    const auto root = os::read_file(words[4], kRootBytesMax);
    if (!root) {
        return stop(root.error());
    }
    licd::client::ClientOptions options{.servers = words[1],
                                        .program = "licence example",
                                        .program_version = "1.0",
                                        .product = words[2],
                                        .vendor_root = base::string_of(*root)};
    const auto ended = run(std::move(options), words[3], count > 5 ? std::atoi(words[5]) : 60);
    return ended ? *ended : stop(ended.error());
}
