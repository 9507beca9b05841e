// SPDX-License-Identifier: MIT
#include "app/key_command.h"

#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/start.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

namespace landfall::app {
namespace {

int write_line(std::string line) {
    line += '\n';
    const bool written =
        std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
    crypto::wipe(line.data(), line.size());
    if (!written) {
        std::perror("landfall key: standard output");
    }
    return written ? base::exit_code::done : base::exit_code::failed;
}

/// A secret that goes to a file that others may read is worth a word.
void warn_if_shared() {
    struct stat about{};
    if (::fstat(STDOUT_FILENO, &about) == 0 && S_ISREG(about.st_mode) &&
        (about.st_mode & S_IRWXO) != 0) {
        std::fputs("landfall key: warning: others may read the file that this key goes to; "
                   "`umask 077` first\n",
                   stderr);
    }
}

int write_public() {
    std::array<char, crypto::key_text_characters + 20> text{};
    const std::size_t got = std::fread(text.data(), 1, text.size(), stdin);
    std::size_t length = got;
    while (length > 0 && std::strchr(" \t\r\n", text[length - 1]) != nullptr &&
           text[length - 1] != '\0') {
        --length;
    }
    const auto key = got < text.size() ? crypto::parse_secret_key({text.data(), length})
                                       : std::unexpected(crypto::key_error::length);
    crypto::wipe(text.data(), text.size());
    if (!key) {
        std::fprintf(stderr,
                     "landfall key public: standard input holds no private key (%s): 44 characters "
                     "of base64 on one line are expected\n",
                     crypto::name(key.error()));
        return base::exit_code::failed;
    }
    return write_line(crypto::to_text(crypto::public_of(*key)));
}

} // namespace

int key_command(key_word word) {
    if (!crypto::start()) {
        std::fputs("landfall key: libsodium cannot start\n", stderr);
        return base::exit_code::failed;
    }
    switch (word) {
    case key_word::of_private:
        return write_public();
    case key_word::generate:
        warn_if_shared();
        return write_line(crypto::secret_text(crypto::generate_private_key(crypto::fill_random)));
    case key_word::preshared:
        warn_if_shared();
        return write_line(crypto::secret_text(crypto::generate_preshared_key(crypto::fill_random)));
    }
    return base::exit_code::usage;
}

} // namespace landfall::app
