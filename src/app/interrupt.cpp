// SPDX-License-Identifier: MIT
#include "app/interrupt.h"

#include <csignal>

namespace landfall::app {
namespace {

volatile std::sig_atomic_t flag = 0;

void on_signal(int number) {
    flag = 1;
    static_cast<void>(std::signal(number, SIG_DFL));
}

} // namespace

void catch_interrupts() {
    static_cast<void>(std::signal(SIGINT, on_signal));
    static_cast<void>(std::signal(SIGTERM, on_signal));
}

bool interrupted() noexcept {
    return flag != 0;
}

} // namespace landfall::app
