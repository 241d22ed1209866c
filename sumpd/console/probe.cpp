#include "sumpd/console/probe.h"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::console {
namespace {

struct Cleanup {
    void operator()(CURL* curl) const { ::curl_easy_cleanup(curl); }
};
using Handle = std::unique_ptr<CURL, Cleanup>;

/// As libcurl wants it: "sha256//" and base64. A pin that is none matches no key.
std::string pinned(const std::string& pin) {
    const auto digest = base::from_hex(pin);
    return "sha256//" + exchange::base64_of(digest.value_or(base::Bytes()));
}

constexpr std::array<std::pair<CURLcode, ProbeOutcome>, 5> kOutcomes = {{
    {CURLE_OK, ProbeOutcome::answered},
    {CURLE_COULDNT_RESOLVE_HOST, ProbeOutcome::no_name},
    {CURLE_COULDNT_CONNECT, ProbeOutcome::no_answer},
    {CURLE_OPERATION_TIMEDOUT, ProbeOutcome::late},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ProbeOutcome::other_key},
}};

ProbeOutcome outcome_of(CURLcode code) {
    for (const auto& [known, outcome] : kOutcomes) {
        if (known == code) {
            return outcome;
        }
    }
    return ProbeOutcome::failed;
}

void set_up(CURL* curl, const std::string& url, const std::string& pin,
            std::chrono::milliseconds limit) {
    ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    ::curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // other threads are there
    ::curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    // The key stands for the certificate, whatever names and authorities stand in it.
    ::curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    ::curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    ::curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, pinned(pin).c_str());
}

}  // namespace

Probed probe(const std::string& url, const std::string& pin, std::chrono::milliseconds limit) {
    const os::SystemClock clock;
    const Handle curl(::curl_easy_init());
    if (curl == nullptr) {
        return {.text = "libcurl could not be made ready"};
    }
    set_up(curl.get(), url, pin, limit);
    const os::Instant begun = clock.now();
    const CURLcode code = ::curl_easy_perform(curl.get());
    Probed probed{.outcome = outcome_of(code)};
    probed.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - begun);
    if (code != CURLE_OK) {
        probed.text = ::curl_easy_strerror(code);
        return probed;
    }
    long status = 0;
    ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    probed.status = static_cast<int>(status);
    return probed;
}

}  // namespace tillhost::sumpd::console
