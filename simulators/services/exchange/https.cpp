#include "simulators/services/exchange/https.h"

#include <curl/curl.h>

#include <algorithm>
#include <optional>

#include "hal/base/bytes.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::exchange {
namespace {

using base::ErrorCode;

struct HeaderList {
    curl_slist* first = nullptr;
    HeaderList() = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_slist_free_all(first); }
    void add(const std::string& line) { first = curl_slist_append(first, line.c_str()); }
};

/// Once in a program, before any thread of it uses the library.
bool library_is_there() {
    static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
    return kStarted == CURLE_OK;
}

}  // namespace

struct HttpsClient::Handle {
    CURL* easy = nullptr;
    ~Handle() { curl_easy_cleanup(easy); }
};

/// One exchange: what of the request has gone, what of the answer has come, and where it is cut.
struct HttpsClient::Transfer {
    std::string_view to_send{};
    std::size_t sent = 0;
    std::optional<std::size_t> cut_request_at{};
    std::optional<std::size_t> cut_answer_at{};
    std::string answer{};
    HeaderList headers{};
    bool too_large = false;

    static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        if (transfer.cut_request_at && transfer.sent >= *transfer.cut_request_at) {
            return CURL_READFUNC_ABORT;
        }
        const std::size_t end = transfer.cut_request_at.value_or(transfer.to_send.size());
        const std::size_t bytes = std::min(size * count, end - transfer.sent);
        transfer.to_send.copy(buffer, bytes, transfer.sent);
        transfer.sent += bytes;
        return bytes;
    }

    static std::size_t write(char* data, std::size_t size, std::size_t count, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        const std::size_t bytes = size * count;
        if (transfer.cut_answer_at && transfer.answer.size() + bytes > *transfer.cut_answer_at) {
            return 0;
        }
        transfer.too_large = transfer.answer.size() + bytes > kAnswerBytesMax;
        if (transfer.too_large) {
            return 0;
        }
        transfer.answer.append(data, bytes);
        return bytes;
    }
};

HttpsClient::HttpsClient(std::unique_ptr<Handle> handle, std::string pin, std::uint64_t seed)
    : handle_(std::move(handle)), pin_(std::move(pin)), random_(seed) {}

HttpsClient::~HttpsClient() = default;

base::Result<std::unique_ptr<HttpsClient>> HttpsClient::create(const std::string& pin,
                                                               std::uint64_t seed) {
    constexpr std::size_t kPinBytes = 32;
    const base::Result<base::Bytes> key = base::from_hex(pin);
    if (!key || key->size() != kPinBytes) {
        return base::bad_field("pin", "64 hex digits");
    }
    auto handle = std::make_unique<Handle>();
    handle->easy = library_is_there() ? curl_easy_init() : nullptr;
    if (handle->easy == nullptr) {
        return base::make_error(ErrorCode::system_failed, "libcurl does not start");
    }
    std::string form = "sha256//" + base64_of(base::string_of(*key));
    return std::unique_ptr<HttpsClient>(new HttpsClient(std::move(handle), std::move(form), seed));
}

void HttpsClient::prepare(const HttpRequest& request, Transfer& transfer) {
    CURL* easy = handle_->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pin_.c_str());
    // The server made its certificate itself; the pin above says more than any name in it.
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(kExchangeMsMax));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectMsMax));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    for (const std::string& header : request.headers) {
        transfer.headers.add(header);
    }
    if (request.has_body) {
        transfer.to_send = request.body;
        transfer.headers.add("Expect:");
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::read);
        curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.first);
    if (faults_.bytes_per_second > 0) {
        const auto speed = static_cast<curl_off_t>(faults_.bytes_per_second);
        curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE, speed);
        curl_easy_setopt(easy, CURLOPT_MAX_RECV_SPEED_LARGE, speed);
    }
}

base::Result<HttpAnswer> HttpsClient::exchange(const HttpRequest& request) {
    Transfer transfer;
    prepare(request, transfer);
    const bool cut = happens(faults_.cut_permille);
    if (cut && request.has_body && random_.below(2) == 0) {
        transfer.cut_request_at = random_.below(request.body.size() + 1);
    } else if (cut) {
        transfer.cut_answer_at = 0;
    }
    const CURLcode code = curl_easy_perform(handle_->easy);
    cut_ += cut ? 1 : 0;
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
        return base::make_error(ErrorCode::not_permitted, "the server has another key");
    }
    if (transfer.too_large) {
        return base::make_error(ErrorCode::too_large, "the answer", base::Effect::unknown);
    }
    if (code != CURLE_OK) {
        return base::make_error(ErrorCode::link_lost, curl_easy_strerror(code),
                                base::Effect::unknown);
    }
    if (happens(faults_.drop_permille)) {
        ++dropped_;
        return base::make_error(ErrorCode::link_lost, "the answer was dropped, as asked for",
                                base::Effect::unknown);
    }
    HttpAnswer answer;
    curl_easy_getinfo(handle_->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.body = std::move(transfer.answer);
    return answer;
}

}  // namespace tillhost::simulators::exchange
