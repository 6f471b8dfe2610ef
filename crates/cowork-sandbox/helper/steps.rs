//! The steps, each as it is done. Their order is the plan's.

use core::{ffi::CStr, ptr::null};

use super::{
    plan::{Fields, Step},
    sys::{self, EINVAL, ENOENT, ESTALE, Errno, Fd, HERE, Result},
};

/// The number of the one step of an order.
const START: u8 = 17;

/// The world that a command will see, as far as it is made.
pub(crate) struct World {
    /// The folder that is to become the root.
    root: Fd,
}

/// What a command's process gives up.
pub(crate) struct Part {
    /// The rules that are being gathered.
    rules: Fd,
}

impl Default for World {
    fn default() -> Self {
        Self { root: HERE }
    }
}

impl Default for Part {
    fn default() -> Self {
        Self { rules: Fd(-1) }
    }
}

impl World {
    pub(crate) fn take(&mut self, step: Step<'_>) -> Result<()> {
        let mut with = step.fields;
        match step.kind {
            1 => put_text(with.text()?, with.bytes()?)?,
            2 => _ = sys::name_host(with.text()?)?,
            3 => self.make_root(&mut with)?,
            4 => _ = sys::make_folder(self.root, with.text()?, small(with.number()?)?)?,
            5 => self.bind(&mut with)?,
            6 => self.mount(&mut with)?,
            7 => _ = sys::make_link(with.text()?, self.root, with.text()?)?,
            8 => self.make_file(&mut with)?,
            9 => self.enter_root()?,
            18 => self.overlay(&mut with)?,
            19 => _ = sys::detach(with.text()?)?,
            20 => super::listen(with.number()?)?,
            22 => _ = sys::leave(sys::NETWORK)?,
            30 => is_still(&mut with)?,
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    /// Ends the making: nothing in it can be changed any more, from outside of the command neither.
    pub(crate) fn close(&mut self) -> Result<()> {
        drop_privileges(true)
    }

    /// Makes an empty root in memory, beside the old one.
    fn make_root(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let at = with.text()?;
        sys::part_mounts()?;
        let settings = [(c"size", with.text()?), (c"nr_inodes", with.text()?), (c"mode", c"755")];
        let attributes = (sys::NO_SUID | sys::NO_DEVICES) as usize;
        let mount = sys::new_mount(c"tmpfs", &settings, attributes)?;
        sys::put_mount(mount, HERE, at)?;
        self.root = mount;
        Ok(())
    }

    /// Puts what is at a path of the host at one inside, if it is still what the host has looked at.
    fn bind(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let (from, to, attributes) = (with.text()?, with.text()?, with.number()?);
        let seen = (with.number()?, with.number()?);
        let source = sys::point(from)?;
        if sys::identity(source)? != seen {
            return Err(ESTALE);
        }
        let mount = sys::copy_mount(source)?;
        sys::restrict_mount(mount, c"", attributes, true)?;
        sys::put_mount(mount, self.root, to)?;
        sys::close(source);
        sys::close(mount);
        Ok(())
    }

    /// Mounts a new file system inside.
    fn mount(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let (kind, to, attributes) = (with.text()?, with.text()?, with.number()? as usize);
        let mut settings = [(c"", c""); 4];
        let mut count = 0;
        while !with.is_empty() {
            *settings.get_mut(count).ok_or(EINVAL)? = (with.text()?, with.text()?);
            count += 1;
        }
        let mount = sys::new_mount(kind, &settings[..count], attributes)?;
        sys::put_mount(mount, self.root, to)?;
        sys::close(mount);
        Ok(())
    }

    /// Mounts a folder with what will be changed in it kept elsewhere.
    fn overlay(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let to = with.text()?;
        let (lower, upper, work) = (with.text()?, with.text()?, with.text()?);
        let settings = [
            (c"lowerdir", lower),
            (c"upperdir", upper),
            (c"workdir", work),
            // Marks that need no privilege; and none that would lead out of the upper folder when it is read by itself.
            (c"userxattr", c""),
            (c"index", c"off"),
            // What is kept is made durable when it is taken over; until then nobody relies on it.
            (c"volatile", c""),
        ];
        let mount = sys::new_mount(c"overlay", &settings, (sys::NO_SUID | sys::NO_DEVICES) as usize)?;
        sys::put_mount(mount, self.root, to)?;
        sys::close(mount);
        Ok(())
    }

    fn make_file(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let (path, mode, content) = (with.text()?, small(with.number()?)?, with.bytes()?);
        let file = sys::create(self.root, path, mode)?;
        let written = sys::write(file, content)?;
        sys::close(file);
        if written == content.len() { Ok(()) } else { Err(EINVAL) }
    }

    /// Makes the new root the only one, and read-only itself.
    fn enter_root(&mut self) -> Result<()> {
        sys::enter(self.root)?;
        sys::change_root()?;
        sys::restrict_mount(HERE, c"/", sys::READ_ONLY | sys::NO_SUID | sys::NO_DEVICES, false)?;
        sys::close(self.root);
        self.root = HERE;
        Ok(())
    }
}

impl Part {
    pub(crate) fn take(&mut self, step: Step<'_>) -> Result<()> {
        let mut with = step.fields;
        match step.kind {
            10 => _ = sys::limit(small(with.number()?)?, with.number()?)?,
            12 => self.rules = sys::ruleset(with.number()?, with.number()?, with.number()?)?,
            13 => self.allow(&mut with)?,
            14 => self.restrict()?,
            15 => _ = sys::filter(with.bytes()?)?,
            16 => super::answer(sys::landlock()?),
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    fn allow(&mut self, with: &mut Fields<'_>) -> Result<()> {
        let (path, access) = (with.text()?, with.number()?);
        let folder = sys::point(path)?;
        sys::allow_below(self.rules, access, folder)?;
        sys::close(folder);
        Ok(())
    }

    fn restrict(&mut self) -> Result<()> {
        sys::restrict(self.rules)?;
        sys::close(self.rules);
        Ok(())
    }
}

fn small(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| EINVAL)
}

/// Writes a text into a file that is there: of this process's own settings.
fn put_text(path: &CStr, text: &[u8]) -> Result<()> {
    let file = sys::open(HERE, path, sys::WRITE)?;
    let written = sys::write(file, text);
    sys::close(file);
    if written? == text.len() { Ok(()) } else { Err(EINVAL) }
}

/// Gives up every privilege and the way to any. Who has none to begin with can't lock that, unless it `locks`.
pub(crate) fn drop_privileges(locks: bool) -> Result<()> {
    const LAST: usize = 63;
    const CLEAR_ALL: usize = 4;
    /// No privilege by being root, none kept over a change of user, none ambient; all three for good.
    const LOCKED: usize = 0xef;
    // Nobody inside may look into this process: it holds the way to the host.
    sys::control(sys::DUMPABLE, 0)?;
    for capability in 0..=LAST {
        // The first that is not known is the end of them.
        if sys::control(sys::BOUNDING_DROP, capability).is_err() {
            break;
        }
    }
    _ = sys::control(sys::AMBIENT, CLEAR_ALL);
    let locked = sys::control(sys::SECURE_BITS, LOCKED);
    if locks {
        locked?;
    }
    sys::drop_capabilities()?;
    sys::control(sys::NO_NEW_PRIVILEGES, 1)?;
    Ok(())
}

/// Becomes the command, its words written into `lists`. Returns only if it can't: where the way to the host is then, and why.
pub(crate) fn start(step: Result<Step<'_>>, handles: &[Fd; 8], lists: &mut [*const u8]) -> (Fd, Errno) {
    // The command has streams where this process has had the way to the host.
    const KEPT: Fd = Fd(15);
    let order = step.and_then(|step| Order::read(step, lists));
    let made = order.and_then(|order| {
        sys::enter_path(order.folder)?;
        sys::make_it(super::HOST, KEPT.0)?;
        Ok(order)
    });
    let order = match made {
        Ok(order) => order,
        Err(errno) => return (super::HOST, errno),
    };
    let ready =
        put_streams(&handles[1..4]).and_then(|()| if order.has_terminal { sys::take_terminal() } else { Ok(()) });
    (KEPT, ready.and_then(|()| execute(&order)).unwrap_or_else(|errno| errno))
}

/// What is executed.
struct Order<'a, 'b> {
    folder: &'a CStr,
    has_terminal: bool,
    programs: Fields<'a>,
    args: &'b [*const u8],
    environment: &'b [*const u8],
}

impl<'a, 'b> Order<'a, 'b> {
    fn read(step: Step<'a>, lists: &'b mut [*const u8]) -> Result<Self> {
        if step.kind != START {
            return Err(EINVAL);
        }
        let with = &mut { step.fields };
        let folder = with.text()?;
        let has_terminal = with.number()? != 0;
        let programs = skip_words(with)?;
        let count = words(with, lists)?;
        let (args, rest) = lists.split_at_mut_checked(count).ok_or(EINVAL)?;
        let count = words(with, rest)?;
        let environment = rest.get(..count).ok_or(EINVAL)?;
        Ok(Self { folder, has_terminal, programs, args, environment })
    }
}

fn put_streams(streams: &[Fd]) -> Result<()> {
    // They came after 0, 1 and 2 were taken, so that none of them is lost in the exchange.
    for (number, stream) in (0..3).zip(streams) {
        sys::make_it(*stream, number)?;
    }
    sys::close_on_exec(3)?;
    Ok(())
}

/// Executes the first of its programs that is there. Gives why none was.
fn execute(order: &Order<'_, '_>) -> Result<Errno> {
    let mut why = EINVAL;
    let mut programs = order.programs;
    for _ in 0..programs.number()? {
        why = sys::exec(programs.text()?, order.args, order.environment);
        if why != ENOENT {
            break;
        }
    }
    Ok(why)
}

/// Passes over a list of words, and gives it.
fn skip_words<'a>(with: &mut Fields<'a>) -> Result<Fields<'a>> {
    let list = *with;
    for _ in 0..with.number()? {
        with.bytes()?;
    }
    Ok(list)
}

/// Looks whether what is at a path is what the host has looked at.
fn is_still(with: &mut Fields<'_>) -> Result<()> {
    let it = sys::point(with.text()?)?;
    let is = sys::identity(it)?;
    sys::close(it);
    if is == (with.number()?, with.number()?) { Ok(()) } else { Err(ESTALE) }
}

/// Writes a list of words, with a null at its end. Gives how many entries that are.
pub(crate) fn words(with: &mut Fields<'_>, to: &mut [*const u8]) -> Result<usize> {
    let count = usize::try_from(with.number()?).map_err(|_| EINVAL)?;
    for n in 0..count {
        *to.get_mut(n).ok_or(EINVAL)? = with.text()?.as_ptr().cast();
    }
    *to.get_mut(count).ok_or(EINVAL)? = null();
    Ok(count + 1)
}
