#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace tillhost::simulation {

/// Bytes of a fibre's stack, a guard page below it not counted. Only touched pages cost memory.
inline constexpr std::size_t kFibreStackBytes = 256 * 1024;

/// Stacks to use again: making one costs two system calls, taking one back nothing. Outlives every
/// fibre that runs on its stacks.
class StackPool final {
public:
    StackPool() = default;
    ~StackPool();
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    /// The highest address of a stack of kFibreStackBytes. Ends the process without memory.
    void* take();
    void give_back(void* top) { free_.push_back(top); }

private:
    std::vector<void*> free_;
};

/// A function with a stack of its own, which runs until it suspends itself. One thread.
class Fibre final {
public:
    /// The body must not throw. It begins with the first resume().
    Fibre(StackPool& stacks, std::function<void()> body);
    /// Only a fibre that never began or has finished may be destroyed.
    ~Fibre();
    Fibre(const Fibre&) = delete;
    Fibre& operator=(const Fibre&) = delete;

    /// From outside: runs the body until it suspends or ends.
    void resume();
    /// From inside: goes back to whoever resumed it.
    void suspend();
    bool began() const { return began_; }
    bool finished() const { return finished_; }

private:
    struct Context;
    std::unique_ptr<Context> context_;
    std::function<void()> body_;
    bool began_ = false;
    bool finished_ = false;
};

}  // namespace tillhost::simulation
