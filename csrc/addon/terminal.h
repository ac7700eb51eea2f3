// Terminals, and their modes as JavaScript has them: the bytes of a struct termios.
#pragma once

#include "addon.h"

#include <termios.h>

namespace skiff {

// The member `mode`; a TypeError where it is none.
struct termios ModeOption(const Napi::Object &options);

} // namespace skiff
