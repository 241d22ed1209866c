#include <utility>

#include "hal/base/text.h"
#include "ipc/client/check_package/values.h"
#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

// As in the contract.
constexpr std::size_t kRpMax = 253;
constexpr std::size_t kOwnerMax = 64;
constexpr std::size_t kCredentialBytesMax = 1023;

/// A text of at most so many characters.
void take_name(VerbGrammar& verb, std::string_view name, std::string_view help, std::string& to,
               std::size_t max, Text wanted) {
    verb.take(
        name, help,
        [&to, max, wanted, language = verb.language()](const std::string& word) {
            if (word.empty() || !base::is_utf8(word) || base::utf8_length(word) > max) {
                return filled(language, wanted, word);
            }
            to = word;
            return Problem();
        },
        Presence::required);
}

void take_credential(VerbGrammar& verb, base::Bytes& to) {
    verb.take(
        "--credential BASE64", "dongle.prove.credential",
        [&to, language = verb.language()](const std::string& word) {
            auto bytes = check_package::bytes_of_base64(word);
            if (!bytes || bytes->empty() || bytes->size() > kCredentialBytesMax) {
                return filled(language, Text::base64_wanted, word);
            }
            to = std::move(*bytes);
            return Problem();
        },
        Presence::required);
}

}  // namespace

void declare_dongle(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("dongle");
    auto device = std::make_shared<std::string>();
    verb.text("DEVICE", "device", *device, Presence::required);

    VerbGrammar enrol = verb.below("enrol");
    auto made = std::make_shared<EnrolDongleVerb>();
    take_name(enrol, "--rp NAME", "dongle.rp", made->rp, kRpMax, Text::rp_wanted);
    take_name(enrol, "--owner NAME", "dongle.enrol.owner", made->owner, kOwnerMax,
              Text::owner_wanted);
    enrol.text("--out FILE", "dongle.enrol.out", made->path, Presence::required);
    enrol.chosen([&to, device, made] {
        made->device = *device;
        to.verb = DongleVerb(std::move(*made));
        return Problem();
    });

    VerbGrammar prove = verb.below("prove");
    auto asked = std::make_shared<ProveDongleVerb>();
    take_name(prove, "--rp NAME", "dongle.rp", asked->rp, kRpMax, Text::rp_wanted);
    take_credential(prove, asked->credential);
    prove.chosen([&to, device, asked] {
        asked->device = *device;
        to.verb = DongleVerb(std::move(*asked));
        return Problem();
    });
}

}  // namespace tillhost::tillctl
