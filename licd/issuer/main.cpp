// licissue: the vendor's tool. The wiring, and nothing else.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "hal/os/random.h"
#include "licd/issuer/verbs.h"

namespace tillhost::licd::issuer {
namespace {

constexpr std::size_t kPassphraseBytesMax = 1024;
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

void print(std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

/// The first line of a file, or what is typed at the terminal, unseen. Asked once a run.
class GivenPassphrase final : public PassphraseSource {
public:
    explicit GivenPassphrase(std::string file) : file_(std::move(file)) {}

    base::Result<os::SecretBytes> passphrase(const std::string& what, bool is_new) override {
        if (!file_.empty()) {
            return from_file();
        }
        if (::isatty(STDIN_FILENO) != 1) {
            if (is_new) {
                return os::SecretBytes();  // the act says that the keys are not protected
            }
            return base::make_error(base::ErrorCode::not_permitted,
                                    what + " has a passphrase: --passphrase-file gives it");
        }
        if (is_new && typed_new_) {
            return *typed_new_;  // the root's and the first authority's are the same
        }
        os::SecretBytes typed = ask(is_new ? "New passphrase for " + what + " (empty: none): "
                                           : "Passphrase of " + what + ": ");
        if (is_new) {
            typed_new_ = typed;
        }
        return typed;
    }

private:
    base::Result<os::SecretBytes> from_file() const {
        const os::SecretBytes whole(TRY(os::read_file(file_, kPassphraseBytesMax)));
        base::Bytes line;
        line.reserve(whole.reveal().size());  // so that no copy of a beginning is left behind
        for (const std::byte byte : whole.reveal()) {
            if (byte == base::byte('\n')) {
                break;
            }
            line.push_back(byte);
        }
        if (line.empty()) {
            return base::bad_field("--passphrase-file", "a passphrase in its first line");
        }
        return os::SecretBytes(std::move(line));
    }
    static os::SecretBytes ask(const std::string& prompt) {
        termios seen{};
        const bool hides = ::tcgetattr(STDIN_FILENO, &seen) == 0;
        termios unseen = seen;
        unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        print(stderr, prompt);
        if (hides) {
            ::tcsetattr(STDIN_FILENO, TCSANOW, &unseen);
        }
        base::Bytes line;
        line.reserve(kPassphraseBytesMax);  // so that no copy of a beginning is left behind
        char c = 0;
        while (line.size() < kPassphraseBytesMax && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
            line.push_back(base::byte(static_cast<unsigned char>(c)));
        }
        if (hides) {
            ::tcsetattr(STDIN_FILENO, TCSANOW, &seen);
        }
        print(stderr, "\n");
        return os::SecretBytes(std::move(line));
    }

    std::string file_;
    std::optional<os::SecretBytes> typed_new_;
};

int start(int argc, const char* const* argv) {
    const auto parsed = parse_arguments(argc, argv);
    if (const auto* const explanation = std::get_if<Explanation>(&parsed)) {
        print(explanation->is_help ? stdout : stderr, explanation->text);
        return explanation->is_help ? kDone : kUsage;
    }
    const auto& arguments = std::get<Arguments>(parsed);
    const os::SystemClock clock;
    GivenPassphrase passphrases(arguments.passphrase_file);
    const auto report = run(arguments, {clock, os::random_u64, passphrases});
    if (!report) {
        Report failure;
        failure.put("error", std::string(base::name_of(report.error().code)))
            .put("detail", report.error().detail);
        print(stderr, arguments.json ? failure.json() + "\n"
                                     : "licissue: " + base::to_text(report.error()) + "\n");
        return kFailed;
    }
    print(stdout, arguments.json ? report->json() + "\n" : report->text());
    return std::ferror(stdout) == 0 ? kDone : kFailed;
}

}  // namespace
}  // namespace tillhost::licd::issuer

int main(int argc, char** argv) { return tillhost::licd::issuer::start(argc, argv); }
