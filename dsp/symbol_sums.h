// SPDX-License-Identifier: MIT
// What an engine adds up over locked symbols, and the means that its report tells of them.
#pragma once

#include "dsp/receiver.h"

#include <cmath>

namespace landfall::dsp {

struct symbol_sums {
    double noise = 0.0;      ///< N_0/E_s
    double error = 0.0;      ///< squared error vectors, of unit rails
    double rate_error = 0.0; ///< of the symbol clock, relative

    /// The report with the means over its `locked_symbols`.
    [[nodiscard]] receiver_report complete(receiver_report report, bool locked) const {
        report.locked = locked;
        if (report.locked_symbols > 0) {
            const auto symbols = static_cast<double>(report.locked_symbols);
            report.mean_es_n0_db = 10.0 * std::log10(symbols / noise);
            report.evm_percent = 100.0 * std::sqrt(error / symbols);
            report.symbol_rate_error_ppm = 1e6 * rate_error / symbols;
        }
        return report;
    }
};

} // namespace landfall::dsp
