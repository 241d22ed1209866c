#include "tests/simulation/fibre.h"

#include <sys/mman.h>

#include <boost/context/fiber.hpp>
#include <utility>

#include "hal/base/invariant.h"

#if defined(TILLHOST_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace tillhost::simulation {
namespace {

constexpr std::size_t kGuardBytes = 4096;

/// Boost's idea of where stacks come from.
class PoolAllocator {
public:
    explicit PoolAllocator(StackPool& pool) : pool_(&pool) {}
    boost::context::stack_context allocate() {
        boost::context::stack_context stack;
        stack.sp = pool_->take();
        stack.size = kFibreStackBytes;
        return stack;
    }
    void deallocate(boost::context::stack_context& stack) noexcept { pool_->give_back(stack.sp); }

private:
    StackPool* pool_;
};

/// Tells AddressSanitizer which stack is in use; nothing in other builds.
class StackNotes {
public:
#if defined(TILLHOST_ASAN)
    void enter_begins(const void* bottom) {
        __sanitizer_start_switch_fiber(&outer_, bottom, kFibreStackBytes);
    }
    void enter_ended() { __sanitizer_finish_switch_fiber(outer_, nullptr, nullptr); }
    void arrived() { __sanitizer_finish_switch_fiber(inner_, &outer_bottom_, &outer_size_); }
    void leave_begins(bool for_ever) {
        __sanitizer_start_switch_fiber(for_ever ? nullptr : &inner_, outer_bottom_, outer_size_);
    }

private:
    void* outer_ = nullptr;
    void* inner_ = nullptr;
    const void* outer_bottom_ = nullptr;
    std::size_t outer_size_ = 0;
#else
    void enter_begins(const void*) {}
    void enter_ended() {}
    void arrived() {}
    void leave_begins(bool) {}
#endif
};

}  // namespace

StackPool::~StackPool() {
    for (void* top : free_) {
        ::munmap(static_cast<char*>(top) - kFibreStackBytes - kGuardBytes,
                 kFibreStackBytes + kGuardBytes);
    }
}

void* StackPool::take() {
    if (!free_.empty()) {
        void* top = free_.back();
        free_.pop_back();
        return top;
    }
    void* bottom = ::mmap(nullptr, kFibreStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    INVARIANT(bottom != MAP_FAILED);
    INVARIANT(::mprotect(bottom, kGuardBytes, PROT_NONE) == 0);
    return static_cast<char*>(bottom) + kFibreStackBytes + kGuardBytes;
}

struct Fibre::Context {
    explicit Context(StackPool& pool) : stacks(pool) {}
    StackPool& stacks;
    boost::context::fiber inside;
    boost::context::fiber outside;
    const void* bottom = nullptr;
    StackNotes notes;
};

Fibre::Fibre(StackPool& stacks, std::function<void()> body)
    : context_(std::make_unique<Context>(stacks)), body_(std::move(body)) {}

Fibre::~Fibre() { INVARIANT(!began_ || finished_); }

void Fibre::resume() {
    INVARIANT(!finished_);
    if (!began_) {
        began_ = true;
        void* top = context_->stacks.take();
        context_->bottom = static_cast<char*>(top) - kFibreStackBytes;
        context_->stacks.give_back(top);  // the allocator takes this very one
        context_->inside =
            boost::context::fiber(std::allocator_arg, PoolAllocator(context_->stacks),
                                  [this](boost::context::fiber&& out) {
                                      context_->outside = std::move(out);
                                      context_->notes.arrived();
                                      body_();
                                      finished_ = true;
                                      context_->notes.leave_begins(true);
                                      return std::move(context_->outside);
                                  });
    }
    context_->notes.enter_begins(context_->bottom);
    context_->inside = std::move(context_->inside).resume();
    context_->notes.enter_ended();
}

void Fibre::suspend() {
    context_->notes.leave_begins(false);
    context_->outside = std::move(context_->outside).resume();
    context_->notes.arrived();
}

}  // namespace tillhost::simulation
