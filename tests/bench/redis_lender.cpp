#include "tests/bench/redis_lender.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <array>
#include <string>
#include <utility>

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

struct Free {
    void operator()(redisContext* context) const { ::redisFree(context); }
    void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;

std::string formatted(const char* words, int number) {
    char* text = nullptr;
    const int length = ::redisFormatCommand(&text, words, number);
    INVARIANT(length > 0);
    std::string command(text, static_cast<std::size_t>(length));
    ::redisFreeCommand(text);
    return command;
}

class RedisLender final : public Lender {
public:
    RedisLender(Context context, int number)
        : context_(std::move(context)),
          commands_{formatted("SET seat:%d holder NX EX 600", number),
                    formatted("DEL seat:%d", number), formatted("EXPIRE seat:%d 600", number)} {}

    Done ask(Step step) override {
        step_ = step;
        const std::string& command = commands_.at(static_cast<std::size_t>(step));
        ::redisAppendFormattedCommand(context_.get(), command.data(), command.size());
        int written = 0;
        while (written == 0) {
            if (::redisBufferWrite(context_.get(), &written) != REDIS_OK) {
                return failed();
            }
        }
        return {};
    }

    Result<bool> answered() override {
        void* raw = nullptr;
        if (::redisBufferRead(context_.get()) != REDIS_OK ||
            ::redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) {
            return failed();
        }
        if (raw == nullptr) {
            return false;
        }
        const std::unique_ptr<redisReply, Free> reply(static_cast<redisReply*>(raw));
        const bool good = step_ == Step::take
                              ? reply->type == REDIS_REPLY_STATUS
                              : reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        if (!good) {
            return make_error(
                ErrorCode::wrong_state,
                fmt::format("Redis answers {}", reply->str == nullptr ? "otherwise" : reply->str));
        }
        return true;
    }

    int fd() const override { return context_->fd; }

private:
    base::Error failed() const {
        return make_error(ErrorCode::system_failed, std::string("Redis: ") + context_->errstr);
    }

    Context context_;
    const std::array<std::string, 3> commands_;  // by step
    Step step_ = Step::take;
};

}  // namespace

Result<std::unique_ptr<Lender>> connect_redis(std::uint16_t port, int number) {
    Context context(::redisConnectNonBlock("127.0.0.1", port));
    if (!context || context->err != 0) {
        return make_error(ErrorCode::system_failed, "no connection to Redis");
    }
    return std::make_unique<RedisLender>(std::move(context), number);
}

}  // namespace tillhost::bench
