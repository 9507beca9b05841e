// SPDX-License-Identifier: MIT
// What is wrong, or probably not meant, with a configuration on this machine.
#pragma once

#include "base/error.h"
#include "config/diagnostics.h"
#include "config/origin.h"

#include <algorithm>
#include <string>
#include <utility>

namespace landfall::app {

struct findings {
    config::diagnostics errors;
    config::diagnostics warnings;
    int worst = base::exit_code::done; ///< of the errors: 78 before 77 before 75

    void wrong(const config::origin& at, std::string message,
               int code = base::exit_code::bad_configuration) {
        worst = std::max(worst, code);
        if (at.source != nullptr)
            errors.add(*at.source, at.at, std::move(message));
        else
            errors.add("landfall", std::move(message));
    }
    void warn(const config::origin& at, std::string message) {
        if (at.source != nullptr)
            warnings.add(*at.source, at.at, std::move(message));
    }
    /// What the machine does not have, and may have later, as a network interface at boot.
    void lacking(const config::origin& at, std::string message) {
        wrong(at, std::move(message), base::exit_code::try_again);
    }
    /// How the program exits: 0; 75 where all that is wrong may come right by itself, 77 where the
    /// rest is missing permissions, 78.
    [[nodiscard]] int code() const noexcept { return worst; }
};

} // namespace landfall::app
