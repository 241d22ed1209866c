#include <mutex>

#include "hal/drivers/fiscal/acme/driver.h"

std::mutex lock;
FILE* file = fopen("book", "r");
int fd = ::open("book", 0);
