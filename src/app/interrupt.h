// SPDX-License-Identifier: MIT
// Ctrl-C and SIGTERM: a long run ends early but in order.
#pragma once

namespace landfall::app {

/// From here on the first SIGINT or SIGTERM only sets a flag; a second one ends the program.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

} // namespace landfall::app
