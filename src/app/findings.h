// SPDX-License-Identifier: MIT
// What is wrong, or probably not meant, with a configuration on this machine.
#pragma once

#include "base/error.h"
#include "config/diagnostics.h"
#include "config/origin.h"

#include <string>
#include <utility>

namespace landfall::app {

struct findings {
    config::diagnostics errors;
    config::diagnostics warnings;
    bool just_denied = true; ///< every error is a missing permission

    void wrong(const config::origin& at, std::string message,
               int code = base::exit_code::bad_configuration) {
        just_denied = just_denied && code == base::exit_code::no_permission;
        if (at.source != nullptr)
            errors.add(*at.source, at.at, std::move(message));
        else
            errors.add("landfall", std::move(message));
    }
    void warn(const config::origin& at, std::string message) {
        if (at.source != nullptr)
            warnings.add(*at.source, at.at, std::move(message));
    }
    /// How the program exits: 0, 77 or 78.
    [[nodiscard]] int code() const noexcept {
        return errors.empty() ? base::exit_code::done
               : just_denied  ? base::exit_code::no_permission
                              : base::exit_code::bad_configuration;
    }
};

} // namespace landfall::app
