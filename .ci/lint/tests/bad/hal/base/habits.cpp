#include "hal/os/port.h"

void f(int a) {
    auto copy = [=] { return a; };
    std::thread worker(copy);
    worker.detach();
    std::this_thread::sleep_for(a);
    auto now = std::chrono::system_clock::now();
    volatile int flag = 0;  // TODO tell when
}   
	
void long_one() {
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
    g();
}

Result<A> behind() {
    return A{b(), TRY(c())};
}

const char* kHome = "/work/tree";
// xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
int last;