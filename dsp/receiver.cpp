// SPDX-License-Identifier: MIT
#include "dsp/receiver.h"

#include "dsp/block_receiver.h"
#include "dsp/liquid_receiver.h"

namespace landfall::dsp {

const char* unsupported(const receiver_config& config, engine kind) noexcept {
    const double ratio = config.sample_rate_hz / config.wave.symbol_rate_hz;
    if (!(ratio >= 2.0)) {
        return "the sample rate is less than twice the symbol rate";
    }
    if (ratio > 1000.0) {
        return "the sample rate is more than 1000 times the symbol rate";
    }
    if (kind == engine::liquid && config.wave.kind == modulation::oqpsk) {
        return "the liquid engine has no OQPSK";
    }
    return nullptr;
}

std::unique_ptr<receiver> make_receiver(const receiver_config& config, engine kind) {
    if (kind == engine::liquid) {
        return std::make_unique<liquid_receiver>(config);
    }
    return std::make_unique<block_receiver>(config);
}

} // namespace landfall::dsp
