// SPDX-License-Identifier: MIT
// Errors. Parsers return closed enums of their own; what a person is told is a `failure`.
#pragma once

#include <expected>
#include <string>

namespace landfall::base {

/// Exit codes of the program (sysexits where there is one).
namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int try_again = 75;
inline constexpr int no_permission = 77;
inline constexpr int bad_configuration = 78;
inline constexpr int interrupted = 130; ///< as shells have it: ended by Ctrl-C before its end
} // namespace exit_code

/// What a person is told: a message that names the file or option, and how the program exits.
struct failure {
    std::string message;
    int code = exit_code::failed;
};

template <class T>
using result = std::expected<T, failure>;

} // namespace landfall::base
